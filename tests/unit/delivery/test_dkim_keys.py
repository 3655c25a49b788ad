"""Where keys are found, what is said of those that cannot be used, and what the DNS must say of a good one."""

import base64
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from nurture.delivery.dkim_keys import RESIGNING, keys_of_relay, load_keys, new_key, record
from nurture.delivery.presets import PRESETS
from nurture.kernel.errors import ConflictError, InputError, OutsideError, SettingsError
from nurture.kernel.settings import Settings, read_settings

ED = ed25519.Ed25519PrivateKey.generate()
PEM = ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
BASE64 = base64.b64encode(ED.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
LOCKED = ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim"))


def settings_of(tmp_path: Path, **given: str) -> Settings:
    """Settings with a data folder of their own."""
    named = {f"NURTURE_{name}": value for name, value in given.items()}
    return read_settings({"NURTURE_DATA_DIR": str(tmp_path / "data"), **named})


def test_a_new_key_is_found_by_the_next_start(tmp_path: Path) -> None:
    """It lies in the data folder, and nobody else can read it."""
    settings = settings_of(tmp_path)
    made = new_key(settings, "AnPhat.example.", "nurture", "rsa")

    (found,) = load_keys(settings)

    assert (found.domain, found.selector, found.kind, found.bits) == ("anphat.example", "nurture", "rsa", 2048)
    assert found.packed() == made.packed()
    assert Path(made.place) == tmp_path / "data" / "dkim" / "anphat.example.nurture.pem"
    assert Path(made.place).stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """Mail on its way is signed with it."""
    settings = settings_of(tmp_path)
    before = new_key(settings, "anphat.example", "nurture", "ed25519")
    with pytest.raises(ConflictError, match="already"):
        new_key(settings, "anphat.example", "nurture", "ed25519")
    assert [key.packed() for key in load_keys(settings)] == [before.packed()]


def test_a_domain_in_other_letters_is_written_as_the_dns_has_it(tmp_path: Path) -> None:
    """IDNA 2008."""
    assert new_key(settings_of(tmp_path), "Bưuđiện.example", "s1", "ed25519").domain == "xn--buin-1ua66gr30m.example"


@pytest.mark.parametrize(
    ("domain", "selector"),
    [("x y", "a"), ("anphat", "a"), ("../anphat.example", "a"), ("a/b.example", "a"), ("-a.example", "a"),
     ("🎉.example", "a"), ("anphat.example", "../a"), ("anphat.example", "a.b"), ("anphat.example", ""),
     ("anphat.example", "đ")],
)  # fmt: skip
def test_what_cannot_be_a_name_in_the_dns_is_refused(tmp_path: Path, domain: str, selector: str) -> None:
    """No file is written anywhere."""
    with pytest.raises(InputError):
        new_key(settings_of(tmp_path), domain, selector, "ed25519")
    assert not list(tmp_path.rglob("*.pem"))


def test_the_record_of_a_long_key_is_cut_into_strings(tmp_path: Path) -> None:
    """255 bytes at most each; put together they are the value."""
    one = record(new_key(settings_of(tmp_path), "anphat.example", "nurture", "rsa"))
    strings = re.findall(r'"([^"]*)"', one.zone_line)
    assert one.name == "nurture._domainkey.anphat.example"
    assert one.zone_line.startswith("nurture._domainkey.anphat.example. IN TXT ( ")
    assert "".join(strings) == one.value
    assert max(map(len, strings)) == 255
    assert one.value.startswith("v=DKIM1; k=rsa; p=MII")


def test_the_record_of_ed25519_is_the_bare_key(tmp_path: Path) -> None:
    """RFC 8463, 4.2: 32 bytes, no structure around them."""
    value = record(new_key(settings_of(tmp_path), "anphat.example", "s", "ed25519")).value
    assert len(base64.b64decode(value.removeprefix("v=DKIM1; k=ed25519; p="))) == 32


def test_keys_come_from_the_setting_too(tmp_path: Path) -> None:
    """As a file, as base64, as PEM in one line or several; several domains side by side."""
    path = tmp_path / "key.pem"
    path.write_bytes(PEM)
    one_line = PEM.decode().replace("\n", "\\n")
    text = f"a.example s1={path}, b.example s2={BASE64}, c.example s3={one_line}, A.example S4 = {PEM.decode()}"

    keys = load_keys(settings_of(tmp_path, DKIM=text))

    assert [(key.domain, key.selector) for key in keys] == [
        ("a.example", "s1"), ("b.example", "s2"), ("c.example", "s3"), ("a.example", "s4"),
    ]  # fmt: skip
    assert {key.packed()[2] for key in keys} == {PEM.decode()}


def test_the_setting_may_stand_in_a_file(tmp_path: Path) -> None:
    """As every secret may."""
    path = tmp_path / "dkim"
    path.write_text(f"a.example s1={BASE64}\n")
    assert [key.domain for key in load_keys(settings_of(tmp_path, DKIM_FILE=str(path)))] == ["a.example"]


def test_a_folder_of_ones_own_takes_the_place_of_the_usual_one(tmp_path: Path) -> None:
    """Other files in it are let be."""
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "mail.anphat.example.s1.pem").write_bytes(PEM)
    (folder / "README").write_text("keys")
    (key,) = load_keys(settings_of(tmp_path, DKIM_DIR=str(folder)))
    assert (key.domain, key.selector) == ("mail.anphat.example", "s1")


# Two primes of 384 bits: a key of 768, such as nobody makes any more.
P = 0xF5A052468390FB44A67F85E704B768D9E3225E384C9C32D3669A3D53272E6519A25B77919D29876D95ACBFF29CDE9163
Q = 0xCEF2EE246FAEFEC68E249B29F5E9A337096BA114C6A50727C64CDDDDAC50B4EF7F5A7E3636326BFCCBD8CAE47830B733


def _short() -> bytes:
    d = pow(65537, -1, (P - 1) * (Q - 1))
    ends = (rsa.rsa_crt_dmp1(d, P), rsa.rsa_crt_dmq1(d, Q), rsa.rsa_crt_iqmp(P, Q))
    numbers = rsa.RSAPrivateNumbers(P, Q, d, *ends, rsa.RSAPublicNumbers(65537, P * Q))
    return numbers.private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("anphat.example.s1.pem", b"", "dkim_no_key"),
        ("anphat.example.s1.pem", b"\xff\x00", "dkim_no_key"),
        ("anphat.example.s1.pem", PEM.replace(b"PRIVATE", b"PUBLIC"), "dkim_no_key"),
        ("anphat.example.s1.pem", LOCKED, "dkim_password"),
        ("anphat.example.s1.pem", _short(), "dkim_short"),
        ("anphat.pem", PEM, "dkim_name"),
        ("anphat example.s1.pem", PEM, "dkim_name"),
        ("anphat.example.s1.pem", None, "dkim_unreadable"),
    ],
    ids=["empty", "bytes", "public", "password", "short", "no selector", "blank", "unreadable"],
)
def test_a_key_that_cannot_be_used_is_named_with_what_to_mend(
    tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    """Nothing goes unsigned by mistake."""
    path = tmp_path / "data" / "dkim" / name
    path.parent.mkdir(parents=True)
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_keys(settings_of(tmp_path))
    (problem,) = caught.value.problems
    assert problem.code == code
    assert str(path) in problem.text()
    assert problem.mend


def test_a_relay_that_writes_headers_anew_signs_by_itself(tmp_path: Path) -> None:
    """A signature that it breaks would only speak against the mail; each such relay is a preset that there is."""
    settings = settings_of(tmp_path, DKIM=f"a.example s1={BASE64}")
    assert len(keys_of_relay(settings, "plain")) == 1
    assert keys_of_relay(settings, "ses") == ()
    assert set(PRESETS) >= RESIGNING


def test_two_keys_of_one_name_are_refused(tmp_path: Path) -> None:
    """The DNS can speak for one of them only."""
    settings = settings_of(tmp_path, DKIM=f"anphat.example s1={BASE64}, c.example s2=zzz")
    new_key(settings, "anphat.example", "s1", "ed25519")
    with pytest.raises(SettingsError) as caught:
        load_keys(settings)
    assert [problem.code for problem in caught.value.problems] == ["dkim_no_key", "dkim_twice"]
    assert "s1._domainkey.anphat.example" in str(caught.value)
    assert "zzz" not in str(caught.value)


def test_a_folder_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    """Else mail would go unsigned."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dkim").write_text("a file")
    with pytest.raises(OutsideError, match="cannot be read"):
        load_keys(settings_of(tmp_path))


@pytest.mark.parametrize("text", ["/etc/key.pem", "anphat.example=/etc/key.pem", "anphat.example s1=", "a b c=d"])
def test_a_setting_that_names_no_key_is_refused(tmp_path: Path, text: str) -> None:
    """And its value, which may be a key, is not repeated."""
    with pytest.raises(SettingsError) as caught:
        settings_of(tmp_path, DKIM=text)
    assert "/etc/key.pem" not in str(caught.value)
