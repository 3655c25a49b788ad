"""The relays of the settings, with their presets."""

from pathlib import Path

import pytest

from nurture.delivery import relays
from nurture.delivery.origin import from_domain, origin
from nurture.delivery.presets import PRESETS
from nurture.kernel import relays as known
from nurture.kernel.settings import Settings, read_settings

FILE = """
relays:
  - {key: ses, url: "smtps://u:p@email-smtp.example:465", preset: ses, per_day: 50000, rate: 14/second, weight: 3}
  - {key: own, url: "smtp://127.0.0.1:2525", from: [thuonghieu.vn], domains: {googlemail.com: 20/minute}}
  - {key: here, url: mailbox}
"""


def _settings(tmp_path: Path, **more: str) -> Settings:
    return read_settings({"NURTURE_DATA_DIR": str(tmp_path), **{f"NURTURE_{name}": one for name, one in more.items()}})


def test_every_preset_that_a_setting_may_name_has_figures_with_their_source() -> None:
    """And the other way round; each figure says where it stands and when it was read."""
    assert set(PRESETS) == set(known.PRESETS)
    for name, one in PRESETS.items():
        assert name == "plain" or (one.read_on and one.note)
        assert bool(one.source) == bool(one.per_day or one.rate)


def test_the_single_relay_takes_a_preset_and_its_own_figures(tmp_path: Path) -> None:
    """What is set goes before the preset."""
    (gmail,) = relays.of(_settings(tmp_path, SMTP_URL="smtps://a:b@smtp.gmail.com", SMTP_PRESET="gmail"))
    assert (gmail.key, gmail.limits.per_day, gmail.limits.rolling, gmail.limits.reserve) == ("smtp", 500, True, 10)
    (own,) = relays.of(
        _settings(tmp_path, SMTP_URL="smtp://h", SMTP_PRESET="ses", SMTP_PER_DAY="9000", SMTP_RATE="7/second")
    )
    assert (own.limits.per_day, own.limits.rate) == (9000, 7.0)
    (plain,) = relays.of(_settings(tmp_path, SMTP_URL="smtp://h"))
    assert not plain.limits.is_any
    (mailbox,) = relays.of(_settings(tmp_path))
    assert (mailbox.key, mailbox.limits.is_any) == ("mailbox", False)


def test_several_relays_stand_in_a_file(tmp_path: Path) -> None:
    """The built-in mailbox is one of them; mail from a named domain goes by the relay that names it."""
    (tmp_path / "relays.yaml").write_text(FILE)
    settings = _settings(tmp_path, RELAYS_FILE=str(tmp_path / "relays.yaml"), BASE_URL="https://n.example.vn")
    ses, own, here = relays.of(settings)
    assert (ses.limits.per_day, ses.limits.rate, ses.limits.rolling, ses.weight) == (50000, 14.0, True, 3)
    assert own.limits.rates == {"gmail.com": pytest.approx(1 / 3)}
    assert (here.way.port, settings.has_mailbox, settings.stays_here) == (8025, True, False)
    found = [ses, own, here]
    assert [one.key for one in relays.serving(found, "thuonghieu.vn")] == ["own"]
    assert [one.key for one in relays.serving(found, "nurture.example")] == ["ses", "here"]


def test_an_owner_writes_from_a_domain_that_a_relay_sends_for(tmp_path: Path) -> None:
    """From the owner's own address in the house's domain or in one of these; from any other never."""
    settings = _settings(tmp_path, MAIL_FROM="tin@anphat.vn")

    class Row:
        frozen = None
        sender = "owner"
        owner_email, owner_name = "ha@thuonghieu.vn", "Hà"

    assert from_domain(Row, settings, {"thuonghieu.vn"}) == "thuonghieu.vn"
    assert from_domain(Row, settings) == "anphat.vn"
    owner = {"owner": {"email": "ha@thuonghieu.vn", "name": "Hà"}}
    assert origin(owner, "owner", settings, {"thuonghieu.vn"})[0] == "ha@thuonghieu.vn"
