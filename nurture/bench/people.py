"""A file of people as customers export them: Vietnamese names, repeated addresses, bad ones, numbers in many forms."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

HEADER = ("Họ và tên", "Email", "Số điện thoại", "Thành phố", "Nguồn", "Do Not Email", "Số nhân viên")
_FAMILY = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Huỳnh",
    "Phan",
    "Vũ",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
    "Lý",
)
_MIDDLE = (
    "Văn",
    "Thị",
    "Minh",
    "Hữu",
    "Đức",
    "Ngọc",
    "Thanh",
    "Quốc",
    "Hồng",
    "Kim",
    "Xuân",
    "Thu",
    "Gia",
    "Khánh",
    "Tuấn",
    "Phương",
)
_GIVEN = (
    "An",
    "Bình",
    "Chi",
    "Dũng",
    "Đạt",
    "Giang",
    "Hà",
    "Hải",
    "Hạnh",
    "Hiếu",
    "Hòa",
    "Hùng",
    "Hương",
    "Khoa",
    "Lan",
    "Linh",
    "Long",
    "Mai",
    "Nam",
    "Nga",
    "Sơn",
    "Thảo",
    "Ước",
)
_CITIES = ("Hà Nội", "Hồ Chí Minh", "Đà Nẵng", "Huế", "Cần Thơ", "Hải Phòng", "Nha Trang", "Select", "")
_SOURCES = ("Facebook", "Google", "Hội chợ", "Zalo", "Giới thiệu", "Website")
_DOMAINS = ("gmail.com", "gmail.com", "gmail.com", "gmail.com", "yahoo.com.vn", "outlook.com", "hotmail.com")
_BAD = ("", "không có", "lead at gmail.com", "a..b@gmail.com", "x@-bad.vn")
_REPEATED, _WRONG = 50, 97  # each so manyth row repeats an address, has none that can be used


@dataclass(frozen=True, slots=True)
class Told:
    """What the file holds: rows, addresses that can be used (each once), and rows without one."""

    rows: int
    addresses: int
    wrong: int


def write(path: Path, count: int) -> Told:
    """Write the file; the same rows each time."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        out.writerows(row for row, _ in islice(rows(), count))
    wrong = sum(1 for number in range(count) if number % _WRONG == 5)
    known = {_person(number) for number in range(count) if number % _WRONG != 5}
    return Told(count, len(known), wrong)


def rows() -> Iterator[tuple[list[str], str]]:
    """Row after row without end, each with the address as it should be kept; empty where there is none."""
    number = 0
    while True:
        drawn = number * 2_654_435_761 & 0xFFFFFFFF
        email = "" if number % _WRONG == 5 else _address(_person(number))
        name = f"{_FAMILY[drawn % 16]} {_MIDDLE[drawn // 16 % 16]} {_GIVEN[drawn // 256 % 23]}"
        typed = _BAD[number % 5] if not email else email.upper() if number % 11 == 3 else email
        yield (
            [
                name, typed, _phone(number, drawn), _CITIES[drawn // 7 % 9], _SOURCES[drawn // 13 % 6],
                "Yes" if number % 83 == 2 else "No", str(drawn % 499 + 1),
            ],
            email,
        )  # fmt: skip
        number += 1


def _person(number: int) -> int:
    """Whose row it is: mostly one's own, at times somebody's far above."""
    return number if number % _REPEATED != _REPEATED - 1 else number * 7 // 11


def _address(person: int) -> str:
    drawn = person * 2_246_822_519 & 0xFFFFFFFF
    domain = _DOMAINS[drawn % 7] if person % 4 else f"congty{person % 3000}.vn"
    return f"{'abcdefghijklmnopqrstuvwxyz'[drawn % 26]}{drawn:x}.{person}@{domain}"


def _phone(number: int, drawn: int) -> str:
    if number % 31 == 7:
        return ("", "123", f"+1 650 253 00{number % 100:02d}")[number % 3]
    digits = f"9{drawn % 100_000_000:08d}"
    forms = (
        f"0{digits}", f"0{digits}", f"0{digits[:3]} {digits[3:6]} {digits[6:]}", f"+84{digits}", digits,
        f"0{digits[:3]}.{digits[3:6]}.{digits[6:]}",
    )  # fmt: skip
    return forms[number % 6]
