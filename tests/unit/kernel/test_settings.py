"""Settings: each has a default that works on one machine; all that is wrong is said at once."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from nurture.kernel.errors import SettingsError
from nurture.kernel.settings import Settings, is_private, read_settings


def _read(tmp_path: Path, **given: str) -> object:
    return read_settings({"NURTURE_DATA_DIR": str(tmp_path), **{f"NURTURE_{k}": v for k, v in given.items()}})


def test_nothing_need_be_set(tmp_path: Path) -> None:
    """The defaults are one machine, SQLite, the built-in mailbox, Vietnamese."""
    settings = read_settings({"HOME": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/.local/share/nurture/nurture.db"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.smtp is None
    assert settings.mailbox.port == 8025
    assert (settings.language, settings.law, settings.zone) == ("vi", "vn", "Asia/Ho_Chi_Minh")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("BASE_URL", "nurture.example.vn"),
        ("BASE_URL", "http://h:99999"),
        ("BASE_URL", "https://h/?a=1"),
        ("DATABASE_URL", "mysql://h/x"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("SMTP_URL", "http://h"),
        ("SMTP_URL", "smtp://user:secret@mx.example.com"),
        ("MAIL_FROM", "An Phát"),
        ("MAIL_FROM", "An Phát <a@b.example>\r\nBcc: x@evil.test"),
        ("BOUNCE_ADDRESS", "An Phát <bounces@anphat.example>"),
        ("BOUNCE_ADDRESS", "b" * 32 + "@anphat.example"),
        ("BOUNCE_ADDRESS", "bounces@anphat"),
        ("ZONE", "Mars/Olympus"),
        ("ZONE", "../../etc/passwd"),
        ("LANGUAGE", "fr"),
        ("LAW", "de"),
        ("TIME_LAPSE", "fast"),
        ("TIME_LAPSE", "-3"),
        ("TRUSTED_PROXIES", "everybody"),
        ("SENDERS", "0"),
        ("CAMPAIGNS_DIR", "/there/is/no/such"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(tmp_path: Path, name: str, value: str) -> None:
    """The message names the variable; the mend says what it takes."""
    with pytest.raises(SettingsError) as caught:
        _read(tmp_path, **{name: value})
    (problem,) = caught.value.problems
    assert f"NURTURE_{name}" in problem.text()
    assert problem.mend


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Unknown names, wrong values, a secret given twice, a file that is not there."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with pytest.raises(SettingsError) as caught:
        _read(
            tmp_path,
            PROT="8000",
            PORT="x",
            SECRET_KEY="a",
            SECRET_KEY_FILE=str(secret),
            SMTP_URL_FILE=str(tmp_path / "no"),
        )
    text = str(caught.value)
    assert {p.code for p in caught.value.problems} == {"unknown_setting", "bad_setting", "set_twice", "unreadable"}
    for name in ("NURTURE_PROT", "NURTURE_PORT", "NURTURE_SECRET_KEY", "NURTURE_SMTP_URL_FILE"):
        assert name in text


def test_no_secret_stands_in_a_message(tmp_path: Path) -> None:
    """A password in a wrong SMTP address is not repeated."""
    with pytest.raises(SettingsError) as caught:
        _read(tmp_path, SMTP_URL="smtp://user:hunter2@mx.example.com", DATABASE_URL="mysql://root:hunter2@h/x")
    assert "hunter2" not in str(caught.value)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    """Its value is the file's text without the line end."""
    path = tmp_path / "smtp"
    path.write_text("smtp+starttls://tin:m%40t@mx.example.com\n")
    settings = read_settings({"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_SMTP_URL_FILE": str(path)})
    assert settings.smtp is not None
    assert (settings.smtp.user, settings.smtp.password, settings.smtp.port) == ("tin", "m@t", 587)
    assert "m@t" not in settings.smtp.shown()


def test_time_lapse_never_mails_real_people(tmp_path: Path) -> None:
    """It is refused with a relay outside, and taken with one on this machine."""
    with pytest.raises(SettingsError, match="real people"):
        _read(tmp_path, TIME_LAPSE="60", SMTP_URL="smtps://a:b@mx.example.com")
    _read(tmp_path, TIME_LAPSE="60", SMTP_URL="smtp://127.0.0.1:2525")


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("192.168.1.4", True),
        ("10.0.0.1", True),
        ("server", True),
        ("mail.lan", True),
        ("nurture.example.vn", False),
        ("203.113.131.1", False),
    ],
)
def test_a_private_address_reaches_no_lead(host: str, *, private: bool) -> None:
    """Loopback, private networks and bare names are of this house only."""
    assert is_private(host) is private


def test_every_setting_stands_in_the_example() -> None:
    """`.env.example` names all of them, and nothing that is none."""
    example = (Path(__file__).resolve().parents[3] / ".env.example").read_text("utf-8")
    named = set(re.findall(r"^#NURTURE_(\w+)=", example, re.MULTILINE))
    known = {"SMTP_URL" if one.name == "smtp" else one.name.upper() for one in fields(Settings)}
    assert named == known
