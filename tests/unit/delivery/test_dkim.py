"""Signatures are checked by dkimpy; the canonical forms are those of RFC 6376."""

import re
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from nurture.delivery.dkim import SIGNED, DkimKey, Signer, read_pem, relaxed_body, relaxed_header
from tests.unit.delivery.verifying import verified

MAIL = (
    b'From: "An Ph=C3=A1t" <tin@anphat.example>\r\n'
    b"To: =?UTF-8?B?TmfDsg==?=\r\n <minh@x.example>\r\n"
    b"Subject: a  folded\r\n subject \r\n"
    b"Date: Mon, 02 Nov 2026 02:05:07 +0000\r\n"
    b"Message-ID: <1@anphat.example>\r\n"
    b"List-Unsubscribe: <https://m.example/u/abc>,\r\n <mailto:bounces@anphat.example?subject=unsubscribe%20abc>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b".a line that begins with a dot\r\n\r\ntwo  blanks\tand a tab \r\n\r\n\r\n"
)


@cache
def key(kind: str, domain: str = "anphat.example", selector: str = "") -> DkimKey:
    """A key of this kind; an RSA key takes long to make, so that there is one."""
    private = one_rsa() if kind == "rsa" else ed25519.Ed25519PrivateKey.generate()
    return DkimKey(domain, selector or kind, private)


@cache
def one_rsa() -> rsa.RSAPrivateKey:
    """Made once."""
    return rsa.generate_private_key(65537, 2048)


BOTH = (key("ed25519"), key("rsa"))


def signed(data: bytes = MAIL, *keys: DkimKey) -> bytes:
    """Signed as mail of anphat.example."""
    return Signer(keys or BOTH).sign(data, "anphat.example", 1_700_000_000)


def test_both_signatures_hold() -> None:
    """RSA stands first, since some readers stop at the first; neither covers the other."""
    data = signed()
    assert re.findall(rb"a=(\S+);", data) == [b"rsa-sha256", b"ed25519-sha256"]
    assert verified(data, *BOTH) == [True, True]
    assert data.endswith(MAIL)


def test_a_signature_says_what_it_is() -> None:
    """Whose it is, of when, over the whole body; in short lines."""
    head = signed(MAIL, key("rsa")).partition(b"\r\nFrom: ")[0]
    tags = dict(re.findall(rb"(\w+)=([^;]*)", re.sub(rb"\s+", b"", head.partition(b":")[2])))
    assert {name: tags[name] for name in (b"v", b"c", b"d", b"s", b"t")} == {
        b"v": b"1", b"c": b"relaxed/relaxed", b"d": b"anphat.example", b"s": b"rsa", b"t": b"1700000000",
    }  # fmt: skip
    assert set(tags) == {b"v", b"a", b"c", b"d", b"s", b"t", b"h", b"bh", b"b"}  # no l=, which lets a body grow
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_each_header_is_listed_once_more_than_it_occurs() -> None:
    """So are those that are not there."""
    names = re.search(rb"h=([^;]*);", signed(MAIL, key("rsa")))
    assert names is not None
    listed = re.sub(rb"\s+", b"", names[1]).decode().split(":")
    there = {name for name in SIGNED if f"\r\n{name}:".encode() in b"\r\n" + MAIL}
    assert {name: listed.count(name) for name in SIGNED} == {name: 2 if name in there else 1 for name in SIGNED}


@pytest.mark.parametrize("name", SIGNED)
def test_a_header_added_on_the_way_breaks_the_signature(name: str) -> None:
    """In front or behind, whether the mail had one or not."""
    data = signed()
    line = f"{name}: x@evil.example\r\n".encode()
    for forged in (line + data, data.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n", 1)):
        assert verified(forged, *BOTH) == [False, False]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<1@anphat", b"<2@anphat"),
        (b"t=1700000000", b"t=1700000001"),
        (b"two", b"Two"),
        (b"with a dot", b"with a dot\r\n"),
    ],
)
def test_a_change_breaks_the_signature(old: bytes, new: bytes) -> None:
    """In a header, the signature itself or the body."""
    assert verified(signed().replace(old, new), *BOTH) == [False, False]


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"a  folded\r\n subject \r\n", b"a folded subject\r\n"), (b"tab \r\n", b"tab\r\n"), (b"two  ", b"two "),
     (b"tab \r\n\r\n\r\n", b"tab\r\n"), (b"\r\nSubject:", b"\r\nSUBJECT:")],
)  # fmt: skip
def test_blanks_that_change_on_the_way_do_no_harm(old: bytes, new: bytes) -> None:
    """Relays fold and trim."""
    changed = signed().replace(old, new)
    assert changed != signed()
    assert verified(changed, *BOTH) == [True, True]


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"b.", b"."]), max_size=12).map(b"".join))
def test_any_body_has_the_canonical_form_that_receivers_compute(body: bytes) -> None:
    """Dots, blanks, empty lines."""
    data = MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body + b"\r\n"
    assert verified(signed(data, key("ed25519")), key("ed25519")) == [True]


@pytest.mark.parametrize(
    ("body", "canonical"),
    [(b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"), (b"", b""), (b"\r\n \r\n", b""), (b"a", b"a\r\n"),
     (b"a\r\n \t\r\n\r\n", b"a\r\n"), (b"\r\na\r\n", b"\r\na\r\n")],
)  # fmt: skip
def test_a_body_is_relaxed(body: bytes, canonical: bytes) -> None:
    """The first is the example of RFC 6376, 3.4.5."""
    assert relaxed_body(body) == canonical


@pytest.mark.parametrize(
    ("written", "canonical"),
    [(b"A: X\r\n", b"a:X\r\n"), (b"B : Y\t\r\n\tZ  \r\n", b"b:Y Z\r\n"), (b"C:\r\n", b"c:\r\n")],
)
def test_a_header_is_relaxed(written: bytes, canonical: bytes) -> None:
    """The first two are the example of RFC 6376, 3.4.5."""
    assert relaxed_header(written) == canonical


def test_a_retry_is_signed_alike() -> None:
    """The signature's time is the mail's."""
    assert signed() == signed()


@pytest.mark.parametrize(
    ("sender", "domain"),
    [("anphat.example", "anphat.example"), ("ANPHAT.example", "anphat.example"), ("xanphat.example", ""),
     ("tin.anphat.example", "tin.anphat.example"), ("a.b.anphat.example", "anphat.example"), ("other.example", ""),
     ("saomai.example", "mail.saomai.example"), ("example", "anphat.example")],
)  # fmt: skip
def test_the_senders_domain_chooses_the_keys(sender: str, domain: str) -> None:
    """Its own, else the nearest above, else one below; never a stranger's."""
    domains = ("anphat.example", "tin.anphat.example", "mail.saomai.example")
    signer = Signer(key("ed25519", one) for one in domains)
    assert {one.domain for one in signer.keys_for(sender)} == ({domain} if domain else set())


def test_a_mail_from_elsewhere_stays_as_it_is() -> None:
    """A signature that is not the sender's would help nobody."""
    assert Signer(BOTH).sign(MAIL, "other.example", 1) == MAIL


def test_a_key_survives_the_pipe_and_shows_itself_to_nobody() -> None:
    """Not even in a traceback."""
    for one in BOTH:
        again = DkimKey.unpacked(one.packed())
        assert (again.domain, again.selector, again.packed()) == (one.domain, one.selector, one.packed())
        assert "PRIVATE" not in repr(one)
        assert "private" not in repr(one)


def test_a_key_of_another_kind_is_none() -> None:
    """Receivers know RSA and Ed25519."""
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="neither"):
        read_pem(ec.generate_private_key(ec.SECP256R1()).private_bytes(*form))
