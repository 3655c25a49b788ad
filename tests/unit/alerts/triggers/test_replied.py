"""`replied` is raised by the reply itself, and shows its words."""

from datetime import UTC, datetime

from nurture.alerts.model import Moment
from nurture.alerts.replies import LONGEST, Letter
from nurture.alerts.triggers import triggers
from nurture.users.model import Role

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def test_it_is_never_due_by_a_score() -> None:
    """Whoever has no owner is everybody's."""
    moment = Moment(1, "activity:1", 2, 3, opened=True, became_hot=True, has_open=True)
    trigger = triggers()["replied"]
    assert trigger.due(moment) is False
    assert trigger.ROLES == (Role.ADMIN, Role.MARKETER)


def test_it_shows_what_was_written() -> None:
    """In both languages; the words of refusal before the others."""
    why = Letter(1, "activity:7", "Giá bao nhiêu?\nCảm ơn").why(NOW)
    assert why.name == {"vi": "Viết: “Giá bao nhiêu? Cảm ơn”", "en": "Wrote: “Giá bao nhiêu? Cảm ơn”"}
    assert Letter(1, "activity:7", "x").key == "replied:1:activity:7"
    no = Letter(1, "activity:7", "Chị bận. Đừng gửi nữa", "đừng gửi nữa").why(NOW)
    assert no.name["en"] == "Says no to email: “đừng gửi nữa”"
    assert "gets none any more" in Letter(1, "a", "STOP", "stop", honored=True).why(NOW).name["en"]


def test_a_long_letter_is_cut() -> None:
    """The page has it all."""
    why = Letter(1, "activity:7", "x" * 9_000).why(NOW)
    assert len(why.params["text"]) == LONGEST
    assert len(why.name["en"]) < 200
