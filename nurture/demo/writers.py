"""What made-up readers, their mail programs and their servers write back to a mail. Pure.

The same address always has the same fate, and the same mail the same answer.
"""

import random
from dataclasses import dataclass

from nurture.demo.people import KEEN, reserve
from nurture.inbound.played import Play

_GONE, _FULL, _AWAY, _ANGRY = 0.012, 0.026, 0.06, 0.0615  # of all addresses, each share behind the one before
_FULL_NOW, _AWAY_NOW, _ANGRY_NOW = 0.8, 0.25, 0.5  # of the mails to such an address
_ANSWERS, _ANSWERS_KEEN, _REFUSES = 0.012, 0.05, 0.06  # of the mails that may be answered
_SHY = 0.93  # above it an answer says no
_GRATEFUL = 0.35
LABEL = "[QC]"  # nobody complains of a receipt, nor says no to being told that the no was heard


@dataclass(frozen=True, slots=True)
class Coming:
    """One mail that comes back, so many hours (engine time) after the mail came; `text` is what a person wrote."""

    hours: float
    what: Play
    text: str = ""


def coming(address: str, subject: str) -> Coming | None:
    """What comes back of a mail with this subject to this address; mostly nothing."""
    dice = random.Random(f"answer {address} {subject}")  # noqa: S311 - a demo, not a secret
    fate, chance, is_advertising = _fate(address), dice.random(), subject.startswith(LABEL)
    if fate < _GONE:
        return Coming(dice.uniform(0.02, 0.2), Play.GONE)
    if fate < _FULL:
        return Coming(dice.uniform(0.5, 4), Play.FULL) if chance < _FULL_NOW else None
    if fate < _AWAY:
        text = _in_language(_AWAY_WORDS, subject)[0]
        return Coming(dice.uniform(0.02, 0.1), Play.AWAY, text) if chance < _AWAY_NOW else None
    if fate < _ANGRY:
        return Coming(dice.uniform(1, 12), Play.SPAM) if chance < _ANGRY_NOW and is_advertising else None
    shyness = reserve(address)
    if shyness > _SHY:
        return _reply(dice, _NO, subject) if chance < _REFUSES and is_advertising else None
    if chance >= (_ANSWERS_KEEN if shyness < KEEN else _ANSWERS):
        return None
    return _reply(dice, _THANKS if dice.random() < _GRATEFUL else _QUESTIONS, subject)


def is_lost(address: str, subject: str) -> bool:
    """Whether a mail never gets before a reader's eyes."""
    found = coming(address, subject)
    return found is not None and found.what in {Play.GONE, Play.FULL}


def _fate(address: str) -> float:
    return random.Random(f"letterbox {address}").random()  # noqa: S311 - a demo, not a secret


def _reply(dice: random.Random, words: tuple[tuple[str, ...], tuple[str, ...]], subject: str) -> Coming:
    return Coming(dice.uniform(1, 20), Play.REPLY, dice.choice(_in_language(words, subject)))


def _in_language(words: tuple[tuple[str, ...], tuple[str, ...]], subject: str) -> tuple[str, ...]:
    """Vietnamese, or English to an English mail: hardly a Vietnamese subject has no mark at all."""
    return words[1] if subject.isascii() else words[0]


_QUESTIONS = (
    (
        "Lớp buổi tối còn chỗ không ạ? Nhóm mình có 6 người, muốn học cùng một lớp.",
        "Trung tâm có xuất hóa đơn cho công ty không ạ? Bên mình cần trước ngày 20.",
        "Học viên nghỉ một buổi thì có được học bù không?",
        "Cho mình xin lịch khai giảng lớp cuối tuần. Bên mình có 4 bạn nhân viên mới.",
        "Cho mình hỏi học phí có chia làm hai đợt được không?",
        "Bên mình ở xa, có lớp học trực tuyến không? Nếu có thì gửi giúp mình lịch khai giảng nhé.",
        "Mình xem bảng giá rồi nhưng chưa rõ gói cho doanh nghiệp gồm những gì. Nhờ trung tâm gọi lại sau 14 giờ.",
    ),
    (
        "Hello,\n\nIs there still room in the evening class? We would be six.",
        "Could you tell me whether the course is also taught online, and when the next one begins?",
    ),
)
_THANKS = (
    (
        "Cảm ơn trung tâm, tài liệu rất dễ hiểu. Mình sẽ xem kỹ rồi liên hệ lại.",
        "Mình nhận được rồi nhé, cảm ơn nhiều. Hẹn gặp ở buổi học thử.",
        "Cảm ơn đã nhắc! Tuần sau mình sắp xếp được thời gian.",
    ),
    ("Thank you, that was useful. I will get back to you next week.",),
)
_NO = (
    (
        "Đừng gửi nữa.",
        "Mình không có nhu cầu, vui lòng ngừng gửi thư cho mình.",
        "Tôi đã học ở nơi khác rồi. Xin đừng gửi thư quảng cáo nữa, cảm ơn.",
    ),
    ("Please stop sending me these emails.",),
)
_AWAY_WORDS = (
    ("Tôi đang nghỉ phép và sẽ đọc thư khi đi làm lại vào thứ Hai. Việc gấp xin gọi số máy của công ty.",),
    ("I am out of the office until Monday. In urgent matters please call our front desk.",),
)
