"""The file of several relays: what it may say, and that each error has its place."""

from pathlib import Path

import pytest

from nurture.kernel.errors import DefinitionError, SettingsError
from nurture.kernel.relayfile import parse
from nurture.kernel.relays import read_rate
from nurture.kernel.settings import read_settings

GOOD = """\
relays:
  - key: ses
    url_env: SES_URL
    preset: ses
    rate: 14/second
    per_day: 50000
    day: calendar
    zone: UTC
    warm_up: {since: 2026-11-20, steps: [50, 100]}
  - key: here
    url: mailbox
"""
BAD = """\
relays:
  - key: SES
    url: http://h
    preset: sess
    rate: fast
    per_day: 0
    warm_up: {since: soon}
    from: [not a domain]
    per_hour: 5
  - key: b
"""


def test_a_relay_takes_its_secret_from_a_variable() -> None:
    """And says the rest of itself."""
    first, second = parse(GOOD, "relays.yaml", {"SES_URL": "smtps://u:p%40@h:465"}).relays
    assert first.relay is not None
    assert (first.relay.password, first.rate, first.per_day, first.rolling) == ("p@", 14.0, 50000, False)
    assert (str(first.warm_since), first.warm_steps, second.relay) == ("2026-11-20", (50, 100), None)


def test_all_errors_are_named_at_once_with_line_and_mend(tmp_path: Path) -> None:
    """Also where the settings are read; no secret is among them."""
    with pytest.raises(DefinitionError) as caught:
        parse(BAD, "relays.yaml", {})
    assert sorted({one.line for one in caught.value.problems}) == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert all(one.file == "relays.yaml" for one in caught.value.problems)
    path = tmp_path / "relays.yaml"
    path.write_text(BAD)
    with pytest.raises(SettingsError) as refused:
        read_settings({"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_RELAYS_FILE": str(path)})
    assert f"{path}:4" in str(refused.value)
    assert "gmail" in str(refused.value)


@pytest.mark.parametrize(
    "text", ["relays: []", "- a", "relays: [{key: a, url: 'smtp://h'}, {key: a, url: 'smtp://i'}]"]
)
def test_a_file_without_relays_or_with_one_key_twice_is_refused(text: str) -> None:
    """There is a list, and each key stands for one relay."""
    with pytest.raises(DefinitionError):
        parse(text, "relays.yaml", {})


def test_one_relay_and_a_file_do_not_go_together(tmp_path: Path) -> None:
    """Nobody guesses which is meant."""
    path = tmp_path / "relays.yaml"
    path.write_text("relays: [{key: a, url: mailbox}]")
    with pytest.raises(SettingsError, match="both set"):
        read_settings(
            {"NURTURE_DATA_DIR": str(tmp_path), "NURTURE_RELAYS_FILE": str(path), "NURTURE_SMTP_URL": "smtp://h"}
        )


def test_a_rate_is_read_in_its_unit() -> None:
    """Messages a second of all three."""
    assert [read_rate(text) for text in ("14/second", "30/minute", "36 / hour", "")] == [14.0, 0.5, 0.01, None]
    with pytest.raises(ValueError, match="rate"):
        read_rate("0/second")
