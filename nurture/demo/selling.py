"""What a made-up salesperson does next with an opportunity, and when. Pure, the same for the same lead.

Everything is counted in engine time. Each change raises an opportunity's version, and the dice are thrown anew for each
version, so that a demo that was stopped goes on as if it had not been.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from nurture.activities.model import CallOutcome

# Of each salesperson the newest opportunities nobody has touched are left to whoever tries the demo.
LEFT_ALONE = 2
# Who has fewer open ones than this calls a warm lead now and then, and opens one by hand.
HANDS_FULL = 9
LOOKS_AROUND = timedelta(hours=18)
_MOST_CALLS = 3  # without an answer
_PRICES = (2_450_000, 3_900_000, 4_900_000)  # of a seat, in đồng
_MISSED = (CallOutcome.NO_ANSWER, CallOutcome.BUSY, CallOutcome.SWITCHED_OFF)


class What(StrEnum):
    """Kinds of deeds."""

    TAKE = "take"  # the hand-off is accepted
    REFUSE = "refuse"  # the hand-off is no fit
    CALL = "call"  # nobody there, or not now: again later
    ADVANCE = "advance"  # a talk, and the next stage
    WIN = "win"
    LOSE = "lose"


@dataclass(frozen=True, slots=True)
class Held:
    """An opportunity as its salesperson sees it. `stage` counts from 0, `last` is the last stage."""

    email: str
    version: int
    accepted: bool  # and no alert of it waits
    stage: int
    last: int
    since: datetime  # in this stage
    next_at: datetime | None
    value: int | None


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done. `again` is the time until the next step."""

    what: What
    outcome: CallOutcome | None = None
    note: str = ""
    value: int | None = None
    reason: str = ""
    step: str = ""
    again: timedelta = timedelta(0)


def due(one: Held) -> datetime:
    """When its salesperson comes to it; within working hours, which are the caller's to know."""
    dice = _dice(one, "due")
    if one.next_at is not None:
        return one.next_at + timedelta(hours=dice.uniform(0, 5))
    return one.since + timedelta(hours=dice.uniform(2, 12) if one.accepted else dice.uniform(1, 14))


def deed(one: Held) -> Deed:
    """What is done when it is due."""
    dice = _dice(one, "deed")
    if not one.accepted:
        return Deed(What.REFUSE, reason="not_fit") if dice.random() < 0.1 else Deed(What.TAKE)
    if one.stage == 0:
        return _first_call(one, dice)
    return _last_stage(one, dice) if one.stage == one.last else _on_the_way(one, dice)


def first_words(email: str) -> str:
    """What a call to a warm lead brought."""
    return random.Random(f"first {email}").choice(_TALKED)  # noqa: S311 - a demo, not a secret


def _dice(one: Held, use: str) -> random.Random:
    return random.Random(f"{use} {one.email} {one.version}")  # noqa: S311 - a demo, not a secret


def _first_call(one: Held, dice: random.Random) -> Deed:
    if dice.random() < 0.3:
        if one.version > _MOST_CALLS + 1:
            return Deed(What.LOSE, CallOutcome.NO_ANSWER, reason="no_answer")
        return Deed(What.CALL, dice.choice(_MISSED), step="Gọi lại", again=_days(dice, 0.3, 1.2))
    if dice.random() < 0.08:
        return Deed(What.LOSE, CallOutcome.NO_NEED, "Chỉ hỏi cho biết, chưa định học.", reason="no_need")
    return Deed(
        What.ADVANCE, CallOutcome.INTERESTED, dice.choice(_TALKED), step="Gửi báo giá", again=_days(dice, 1.5, 5.5)
    )


def _on_the_way(one: Held, dice: random.Random) -> Deed:
    chance = dice.random()
    if chance < 0.14:
        reason = "no_budget" if one.value is None else "price"
        return Deed(What.LOSE, note=_LOST[reason], reason=reason)
    if chance < 0.3:
        return Deed(What.CALL, CallOutcome.CALL_BACK, dice.choice(_WAITS), step="Gọi lại", again=_days(dice, 1, 3))
    if one.value is None:
        value = dice.choice(_PRICES) * dice.randrange(2, 15)
        return Deed(
            What.ADVANCE, note=dice.choice(_QUOTED), value=value, step="Hỏi ý kiến về báo giá", again=_days(dice, 2, 6)
        )
    note, again = dice.choice(_BARGAINS), _days(dice, 2, 7)
    return Deed(What.ADVANCE, CallOutcome.INTERESTED, note, step="Chốt ngày khai giảng", again=again)


def _last_stage(one: Held, dice: random.Random) -> Deed:
    chance, value = dice.random(), one.value or _PRICES[0]
    if chance < 0.5:
        agreed = round(value * dice.choice((1.0, 0.95, 0.9)) / 100_000) * 100_000
        return Deed(What.WIN, CallOutcome.INTERESTED, dice.choice(_WON), value=agreed)
    if chance < 0.7:
        reason = dice.choice(("price", "competitor"))
        return Deed(What.LOSE, note=_LOST[reason], reason=reason)
    return Deed(What.CALL, CallOutcome.CALL_BACK, dice.choice(_WAITS), step="Chốt hợp đồng", again=_days(dice, 1, 3))


def _days(dice: random.Random, low: float, high: float) -> timedelta:
    return timedelta(days=dice.uniform(low, high))


_TALKED = (
    "Cần lớp cho nhóm bán hàng, muốn học buổi tối.",
    "Đang so sánh hai nơi, hỏi kỹ phần thực hành.",
    "Muốn học thử một buổi trước khi đăng ký cho cả nhóm.",
    "Hỏi lịch khai giảng tháng tới và học phí theo nhóm.",
)
_QUOTED = (
    "Đã gửi báo giá theo số học viên, kèm lịch học.",
    "Đã gửi báo giá hai phương án: tại trung tâm và tại doanh nghiệp.",
    "Đã gửi báo giá và hai ý kiến của học viên cùng ngành.",
)
_BARGAINS = (
    "Đồng ý nội dung, xin thêm ưu đãi nhóm.",
    "Muốn chia học phí làm hai đợt.",
    "Chờ xếp được lịch cho cả nhóm rồi ký.",
)
_WAITS = (
    "Đang họp, hẹn gọi lại.",
    "Cần hỏi ý kiến ban giám đốc.",
    "Đang bận cuối tháng, hẹn tuần sau.",
)
_WON = (
    "Đã ký, chuyển khoản đợt một.",
    "Chốt lớp cho cả nhóm, bắt đầu đầu tháng.",
    "Đã đăng ký và nhận lịch học.",
)
_LOST = {
    "no_budget": "Năm nay đã dùng hết ngân sách đào tạo.",
    "price": "Thấy học phí cao hơn dự kiến.",
    "competitor": "Đã chọn một nơi gần văn phòng hơn.",
}
