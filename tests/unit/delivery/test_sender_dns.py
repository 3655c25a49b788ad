"""What the DNS says of our senders: records as they are found in the world, well and badly made."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from nurture.delivery import sender_dns
from nurture.delivery.dkim import DkimKey
from nurture.delivery.dkim_keys import record
from nurture.delivery.sender_dns import organization
from nurture.delivery.spf import spf_of
from nurture.kernel.dns import GivenRecords
from nurture.kernel.findings import Finding, Level

ED = DkimKey("anphat.vn", "nurture", ed25519.Ed25519PrivateKey.generate(), "test")
RSA = DkimKey("anphat.vn", "nurture", rsa.generate_private_key(65537, 2048), "test")
NAME = "nurture._domainkey.anphat.vn"


def _levels(findings: list[Finding]) -> list[str]:
    return [one.level.value for one in findings]


def _said(findings: list[Finding], level: Level = Level.WRONG) -> str:
    return " | ".join(one.said("en")[0] for one in findings if one.level is level)


def _spf(texts: dict[str, list[str]], domain: str = "a.vn") -> list[Finding]:
    return list(sender_dns.spf(domain, GivenRecords(texts)))


GOOGLE = {
    "a.vn": ["google-site-verification=x", "v=spf1 include:_spf.google.com ~all"],
    "_spf.google.com": ["v=spf1 " + " ".join(f"include:_netblocks{n}.google.com" for n in ("", 2, 3)) + " ~all"],
    "_netblocks.google.com": ["v=spf1 ip4:35.190.247.0/24 ip4:64.233.160.0/19 ~all"],
    "_netblocks2.google.com": ["v=spf1 ip6:2001:4860:4000::/36 ~all"],
    "_netblocks3.google.com": ["v=spf1 ip4:172.217.0.0/19 ~all"],
}  # fmt: skip


def test_a_usual_record_is_well_and_its_lookups_are_counted() -> None:
    """Other texts of the domain do not matter; includes are followed."""
    found = spf_of("a.vn", GivenRecords(GOOGLE))
    assert (found.records, found.all, found.lookups, found.errors) == (1, "~", 4, [])
    assert _levels(_spf(GOOGLE)) == ["ok"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({}, "no SPF record"),
        ({"a.vn": ["v=spf10 +all"]}, "no SPF record"),
        ({"a.vn": ["v=spf1 -all", "v=spf1 mx ~all"]}, "2 SPF records"),
        ({"a.vn": ["v=spf1 +all"]}, "lets everybody send"),
        ({"a.vn": ["v=spf1 all"]}, "lets everybody send"),
        ({"a.vn": ["v=spf1 ipv4:1.2.3.4 -all"]}, "cannot read: ipv4:1.2.3.4"),
        ({"a.vn": ["v=spf1 include: -all"]}, "cannot read: include:"),
        ({"a.vn": ["v=spf1 include:gone.vn -all"]}, "cannot read: gone.vn"),
        ({"a.vn": ["v=spf1 include:a.vn -all"]}, "cannot read: a.vn"),
        ({"a.vn": ["v=spf1 " + "a:x.vn " * 11 + "-all"]}, "takes 11 lookups"),
        ({"a.vn": ["v=spf1 redirect=b.vn"], "b.vn": ["v=spf1 mx +all"]}, "lets everybody send"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_record_is_said(texts: dict[str, list[str]], said: str) -> None:
    """One sentence for each."""
    assert said in _said(_spf(texts))


@pytest.mark.parametrize(
    ("record_", "said"),
    [("v=spf1 mx", "says nothing about other servers"), ("v=spf1 mx ?all", "says nothing about other servers"),
     ("v=spf1 ptr -all", "uses ptr")],
)  # fmt: skip
def test_what_is_odd_is_a_warning(record_: str, said: str) -> None:
    """It works, for now."""
    found = _spf({"a.vn": [record_]})
    assert said in _said(found, Level.WARNING)
    assert _said(found) == ""


def test_ten_lookups_are_not_too_many_and_a_redirect_counts() -> None:
    """What stands behind `all` is never looked at."""
    texts = {"a.vn": ["v=spf1 " + "a:x.vn " * 9 + "redirect=b.vn"], "b.vn": ["V=SPF1 ip4:1.2.3.4 -ALL include:c.vn"]}
    assert spf_of("a.vn", GivenRecords(texts)).lookups == 10
    assert _levels(_spf(texts)) == ["ok"]


def test_a_record_that_includes_very_many_ends() -> None:
    """However a stranger's records lead in circles."""
    texts = {f"{n}.vn": ["v=spf1 " + " ".join(f"include:{(n + k) % 50}.vn" for k in range(1, 9)) + " -all"]
             for n in range(50)}  # fmt: skip
    assert spf_of("0.vn", GivenRecords(texts)).lookups < 1_000


def _dkim(texts: list[str], key: DkimKey = ED) -> list[Finding]:
    return list(sender_dns.dkim(key, GivenRecords({NAME: texts})))


@pytest.mark.parametrize("key", [ED, RSA], ids=["ed25519", "rsa"])
def test_the_key_in_the_dns_is_ours(key: DkimKey) -> None:
    """However its record is written: in strings that were put together, with blanks, without v and k=rsa."""
    ours = record(key).value
    assert _levels(_dkim([ours], key)) == ["ok"]
    assert _levels(_dkim([ours.replace("; ", " ;\t").replace("p=", "p= ") + ";"], key)) == ["ok"]
    if key is RSA:
        assert _levels(_dkim([ours.replace("v=DKIM1; k=rsa; ", "")], key)) == ["ok"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "is not in the DNS"),
        (["v=DKIM1; k=ed25519; p="], "has been revoked"),
        (["v=DKIM1; k=ed25519"], "has been revoked"),
        ([record(ED).value.replace("k=ed25519", "k=rsa")], "is another key"),
        ([record(RSA).value], "is another key"),
        ([record(ED).value, record(ED).value], "2 times"),
    ],
)
def test_a_key_that_is_not_there_or_another_is_wrong(texts: list[str], said: str) -> None:
    """With the line to enter."""
    found = _dkim(texts)
    assert said in _said(found)
    assert record(ED).zone_line in found[0].said("en")[1]


def test_a_key_that_is_being_tested_is_a_warning() -> None:
    """Receivers may pass over it."""
    assert "being tested" in _said(_dkim([record(ED).value + "; t=y:s"]), Level.WARNING)


def _dmarc(texts: dict[str, list[str]], domain: str = "anphat.vn", envelope: str = "anphat.vn", *, signed: bool = False
           ) -> list[Finding]:  # fmt: skip
    return list(sender_dns.dmarc(domain, envelope, (ED,) if signed else (), GivenRecords(texts)))


def test_a_policy_is_found_and_shown() -> None:
    """Of the domain, else of its organization, whose word for subdomains counts."""
    own = {"_dmarc.anphat.vn": ["v=DMARC1; p=Reject; sp=none; rua=mailto:x@anphat.vn"]}
    assert "p=reject" in _said(_dmarc(own), Level.OK)
    assert "p=none" in _said(_dmarc(own, "tin.anphat.vn"), Level.OK)
    assert "no DMARC policy" in _said(_dmarc({}), Level.WARNING)
    assert "no policy that receivers know" in _said(_dmarc({"_dmarc.anphat.vn": ["v=DMARC1; p=maybe"]}))


@pytest.mark.parametrize(
    ("policy", "envelope", "signed", "level"),
    [
        ("p=reject", "anphat.vn", False, Level.OK),
        ("p=reject", "bounces.anphat.vn", False, Level.OK),
        ("p=reject; aspf=s", "bounces.anphat.vn", False, Level.WRONG),
        ("p=reject; aspf=s", "bounces.anphat.vn", True, Level.OK),
        ("p=reject", "relay.net", False, Level.WRONG),
        ("p=reject", "relay.net", True, Level.OK),
        ("p=none", "relay.net", False, Level.WARNING),
    ],
)
def test_mail_is_aligned_by_its_return_path_or_by_a_key(policy: str, envelope: str, signed: bool, level: Level) -> None:
    """Neither is wrong where the policy turns such mail away."""
    found = _dmarc({"_dmarc.anphat.vn": [f"v=DMARC1; {policy}"]}, "anphat.vn", envelope, signed=signed)
    assert found[-1].level is level
    assert "aligned" in found[-1].said("en")[0]


@pytest.mark.parametrize(
    ("domain", "registered"),
    [("anphat.vn", "anphat.vn"), ("mail.anphat.vn", "anphat.vn"), ("a.b.anphat.com.vn", "anphat.com.vn"),
     ("com.vn", "com.vn"), ("x.co.uk", "x.co.uk"), ("mail.com.example", "com.example"), ("Localhost", "localhost")],
)  # fmt: skip
def test_an_organization_is_what_was_registered(domain: str, registered: str) -> None:
    """Under com.vn and its like, one label more."""
    assert organization(domain) == registered


@pytest.mark.parametrize(
    ("exchanges", "hosts", "level"),
    [
        ({"a.vn": [(10, "mx2.a.vn"), (5, "mx1.a.vn")]}, {}, Level.OK),
        ({}, {"a.vn": ["203.0.113.9"]}, Level.WARNING),
        ({}, {}, Level.WRONG),
        ({"a.vn": [(0, ".")]}, {"a.vn": ["203.0.113.9"]}, Level.WRONG),  # RFC 7505: nobody
    ],
)
def test_returns_need_somebody_who_takes_them(
    exchanges: dict[str, list[tuple[int, str]]], hosts: dict[str, list[str]], level: Level
) -> None:
    """The first choice is named."""
    (found,) = sender_dns.returns("bounces@a.vn", GivenRecords({}, exchanges, hosts))
    assert found.level is level
    assert level is not Level.OK or "mx1.a.vn" in found.said("en")[0]


def test_a_dns_that_does_not_answer_is_a_warning_and_hides_nothing_else() -> None:
    """It is not known whether anything is wrong."""
    known = {"_dmarc.anphat.vn": ["v=DMARC1; p=none"]}
    resolver = GivenRecords(known, silent=frozenset({"anphat.vn", NAME}))
    found = list(sender_dns.of_domain("anphat.vn", "anphat.vn", (ED,), resolver))
    assert _levels(found) == ["warning", "warning", "ok", "ok"]
    assert _levels(list(sender_dns.returns("x@anphat.vn", resolver))) == ["warning"]


def test_mail_that_is_not_signed_is_said() -> None:
    """The relay may sign it."""
    found = list(sender_dns.of_domain("a.vn", "a.vn", (), GivenRecords(GOOGLE)))
    assert "not signed by nurture" in _said(found, Level.WARNING)
