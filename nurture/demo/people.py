"""Made-up leads and staff, the same for the same seed. Every address is under a reserved domain (RFC 2606)."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from nurture.kernel.text import fold

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô")
_WOMEN = (
    ("Thị", "Ngọc", "Thanh", "Minh", "Phương", "Thu", "Kim"),
    ("Mai", "Lan", "Hương", "Linh", "Trang", "Hà", "Thảo", "Yến", "Ngân", "Vy", "Quỳnh", "Diệp", "Uyên"),
)
_MEN = (
    ("Văn", "Minh", "Đức", "Quang", "Hữu", "Quốc", "Thành"),
    ("Hùng", "Nam", "Sơn", "Dũng", "Khánh", "Phúc", "Tuấn", "Long", "Kiên", "Đạt", "Hải", "Bảo", "Vinh"),
)
_TRADES = ("Nội thất", "Thực phẩm", "Xây dựng", "Dược phẩm", "Du lịch", "Vận tải", "May mặc", "Giáo dục", "Cơ khí")
_BRANDS = ("An Khang", "Hoàn Mỹ", "Tân Tiến", "Sao Mai", "Đại Nam", "Phú Quý", "Thiên Long", "Hòa Bình", "Việt Hưng")
_CITIES = (
    ("Hà Nội", 9), ("TP. Hồ Chí Minh", 12), ("Đà Nẵng", 4), ("Cần Thơ", 2), ("Hải Phòng", 2), ("Biên Hòa", 2),
)  # fmt: skip
_SOURCES = (("google", 9), ("facebook", 8), ("zalo", 6), ("giới thiệu", 4), ("hội thảo", 3), ("trang web", 6))
_JOBS = (("Chủ doanh nghiệp", 5), ("Trưởng phòng", 6), ("Nhân viên", 8), ("Sinh viên", 4), ("Kế toán", 3))
_INTERESTS = ("Khóa học bán hàng", "Phần mềm kế toán", "Tư vấn marketing", "Đào tạo nội bộ")
# Below this reserve a person looks at prices.
KEEN = 0.16
DOMAINS = ("example.com", "example.net", "example.org")
# The share of people to whom something of the kind has just happened; each tag is the entry of a campaign.
_NEWS = (("trial", 0.03), ("webinar", 0.03), ("bo-mau", 0.02), ("demo-no-show", 0.015))
_TRIAL = timedelta(days=14)
_THURSDAY = 3
_BORN = (date(1968, 1, 1).toordinal(), date(2003, 12, 31).toordinal())

# The made-up sales team.
STAFF = (
    ("Trần Thu Hà", "ha@anphat.example", "sales", "0901 234 567"),
    ("Lê Quang Minh", "minh@anphat.example", "sales", "0902 345 678"),
    ("Phạm Ngọc Lan", "lan@anphat.example", "marketer", "0903 456 789"),
)


@dataclass(frozen=True, slots=True)
class MadeUp:
    """One made-up lead."""

    name: str
    honorific: str
    email: str
    phone: str
    company: str
    city: str
    source: str
    language: str
    fields: dict[str, str] = field(default_factory=dict)


def reserve(email: str) -> float:
    """How reserved a person is, from 0 (opens and clicks) to 1 (would rather hear nothing): the same for ever."""
    return random.Random(f"reserve {email}").random()  # noqa: S311 - a demo, not a secret


def occasions(email: str, today: date) -> tuple[dict[str, str], tuple[str, ...]]:
    """What campaigns wait for in this person: fields with dates, and tags of what has just happened."""
    dice = random.Random(f"occasions {email}")  # noqa: S311 - a demo, not a secret
    fields = {"birthday": date.fromordinal(dice.randint(*_BORN)).isoformat()} if dice.random() < 0.6 else {}
    draw = dice.random()
    for tag, share in _NEWS:
        if draw < share:
            if tag == "trial":
                fields["trial_ends_on"] = (today + _TRIAL).isoformat()
            elif tag == "webinar":
                soon = today + timedelta(days=2)
                fields["webinar_on"] = (soon + timedelta(days=(_THURSDAY - soon.weekday()) % 7)).isoformat()
            return fields, (tag,)
        draw -= share
    return fields, ()


def _pick(dice: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return dice.choices([word for word, _ in weighted], [weight for _, weight in weighted])[0]


def made_up(count: int, seed: int = 7) -> list[MadeUp]:
    """`count` people with names, addresses, phones, companies and facts."""
    dice = random.Random(seed)  # noqa: S311 - a demo, not a secret
    people = []
    for number in range(1, count + 1):
        woman = dice.random() < 0.52
        middles, givens = _WOMEN if woman else _MEN
        family, middle, given = dice.choice(_FAMILIES), dice.choice(middles), dice.choice(givens)
        local = f"{fold(given)}.{fold(family)}{number}"
        has_company = dice.random() < 0.62
        company = f"Công ty {dice.choice(_TRADES)} {dice.choice(_BRANDS)}" if has_company else ""
        people.append(
            MadeUp(
                name=f"{family} {middle} {given}",
                honorific=_pick(dice, (("chị", 8), ("cô", 1)) if woman else (("anh", 8), ("chú", 1)))
                if dice.random() < 0.85
                else "",
                email=f"{local}@{dice.choice(DOMAINS)}",
                phone=f"09{dice.randrange(10_000_000, 99_999_999)}" if dice.random() < 0.8 else "",
                company=company,
                city=_pick(dice, _CITIES),
                source=_pick(dice, _SOURCES),
                language="en" if dice.random() < 0.06 else "vi",
                fields={"occupation": _pick(dice, _JOBS), "interest": dice.choice(_INTERESTS)},
            )
        )
    return people
