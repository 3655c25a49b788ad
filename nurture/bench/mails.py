"""The mail that sending is measured with: personal, nine tracked links, about 23 KB as it travels; and who gets it."""

from datetime import datetime

from nurture.bootstrap import gallery
from nurture.consents.tables import consents
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.compile import compile_email
from nurture.messages.model import Compiled, MessageClass, NewMessage, Purposes
from nurture.messages.service import publish_templates, write
from nurture.messages.source import Shared, Source, read_library

KEY = "bench_mail"
LINKS = 9
_PARAGRAPHS = 8
_AT_ONCE = 5_000
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Đặng", "Bùi")
_MIDDLE = ("Văn", "Thị Ngọc", "Đức", "Quỳnh Như", "Hữu", "Thuỳ")
_GIVEN = ("Minh", "Ánh", "Phước", "Trâm", "Tuấn", "Hương", "Khánh", "Ý", "Dũng", "Lan", "Thưởng")
_PERSONAL = (
    "Cảm ơn {{ lead.honorific or 'anh/chị' }} đã để lại thông tin cho {{ house.name }}. Chúng tôi giúp doanh nghiệp "
    "nhỏ bán hàng và chăm sóc khách bài bản hơn, bằng những khóa học ngắn và các buổi tư vấn làm ngay trên công việc."
)
_PLAIN = (
    "Mỗi khóa có bốn buổi, học buổi tối hoặc cuối tuần, nhiều nhất mười hai người một lớp. Bài tập làm ngay trên số "
    "liệu của cửa hàng mình, nên học xong buổi nào là dùng được buổi ấy; ai bận thì xem lại bản ghi trong ba tháng."
)
_STEP = "https://www.nurture.example/vi/khoa-hoc-{number}?utm_source=email&utm_campaign=bench"


def source() -> Source:
    """The email as a marketer writes it."""
    blocks = ["# {{ lead | greeting }},"]
    for number in range(_PARAGRAPHS):
        blocks.append(_PLAIN if number % 3 else _PERSONAL)
        if number < LINKS - 1:
            blocks.append(f"- [Buổi {number + 1}]({_STEP.format(number=number)}): tóm tắt, bài tập và lịch học.")
    blocks += [
        f'{{% part "button" url="{_STEP.format(number="dang-ky")}" label="Giữ chỗ" %}}',
        "{% if lead.company %}Chúc {{ lead.company }} nhiều khách.{% endif %}",
        '{% part "sign_off" %}',
    ]
    subject = "{{ lead | greeting }}, cảm ơn đã quan tâm đến {{ house.name }}"
    return Source(KEY, "vi", subject, "Tám buổi học, chọn buổi nào cũng được.", "\n\n".join(blocks) + "\n", "md")


def shared(ctx: Context) -> Shared:
    """What it shares with the emails of the gallery."""
    return read_library(gallery(ctx.settings)[1]).shared


def publish(ctx: Context) -> Compiled:
    """Make it the current email of its key."""
    one = source()
    compiled = compile_email(one, shared(ctx))
    with ctx.database.write() as conn:
        publish_templates(conn, [(one, compiled)], now=ctx.clock.engine())
    return compiled


def audience(ctx: Context, count: int) -> None:
    """So many leads, who agreed to mail and to tracking."""
    now = ctx.clock.engine()
    for start in range(1, count + 1, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count + 1))
        with ctx.database.write() as conn:
            conn.execute(leads.insert(), [_lead(number, now) for number in numbers])
            conn.execute(consents.insert(), [_yes(number, word, now) for number in numbers for word in _WORDS])


_WORDS = ("advertising", "tracking")


def _lead(number: int, now: datetime) -> dict[str, object]:
    given = _GIVEN[number % len(_GIVEN)]
    return {
        "id": number, "public_id": f"bench{number}", "email": f"khach{number}@example.net",
        "name": f"{_FAMILY[number % len(_FAMILY)]} {_MIDDLE[number % len(_MIDDLE)]} {given}", "given_name": given,
        "honorific": ("anh", "chị")[number % 2], "phone": f"+849{10_000_000 + number}", "language": "vi", "fields": {},
        "created_at": now, "updated_at": now,
    }  # fmt: skip


def _yes(number: int, purpose: str, now: datetime) -> dict[str, object]:
    return {
        "lead_id": number, "purpose": purpose, "channel": "email", "given": True, "method": "form",
        "proof": "Tôi đồng ý", "origin": "form:bench", "occurred_at": now, "recorded_at": now,
    }  # fmt: skip


def queue(ctx: Context, count: int, name: str) -> None:
    """One message for each of them, to go now."""
    now, real = ctx.clock.engine(), ctx.clock.real()
    for start in range(1, count + 1, _AT_ONCE):
        batch = [_message(number, name, now) for number in range(start, min(start + _AT_ONCE, count + 1))]
        with ctx.database.write() as conn:
            write(conn, batch, now=now, real=real)


def _message(number: int, name: str, now: datetime) -> NewMessage:
    key = f"bench:{name}:{number}"
    return NewMessage(Purposes.CAMPAIGN, KEY, "vi", MessageClass.ADVERTISING, now, lead_id=number, unique_key=key)
