"""Working hours as a person writes them."""

import pytest

from nurture.users import hours


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", ("mon", "tue", "wed", "thu", "fri")),
        ("Mon, wed-thu", ("mon", "wed", "thu")),
        ("sat-mon", ("mon", "sat", "sun")),
    ],
)
def test_days_are_read_in_their_order(text: str, days: tuple[str, ...]) -> None:
    """Spans may go over the week's end."""
    assert hours.days_of(text) == days
    assert hours.days_of(hours.written(days)) == days


@pytest.mark.parametrize("text", ["", "monday", "mon-", "mon-xyz", "mon,,tue"])
def test_other_words_are_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="days such as"):
        hours.days_of(text)


def test_findings_name_their_field() -> None:
    """All of them at once."""
    found = hours.problems({"days": "", "from": "9", "to": "18:00"})
    assert [one.path for one in found] == ["days", "from"]
    assert [one.path for one in hours.problems({"days": "mon", "from": "18:00", "to": "08:00"})] == ["to"]
