"""Made-up leads and staff, the same for the same seed. Every address is under a reserved domain (RFC 2606)."""

import random
from dataclasses import dataclass, field

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
