"""Amounts of money as people type them: `12.500.000`, `12,5 triệu`, `1.2 tỷ`, `12.5m`. Pure."""

import re
from decimal import Decimal, InvalidOperation

_FORM = re.compile(r"([\d.,\s]+)\s*(\D*)")
_WORDS = {
    "": 1, "đ": 1, "₫": 1, "vnd": 1, "vnđ": 1, "đồng": 1, "usd": 1, "$": 1, "eur": 1, "€": 1,
    "k": 10**3, "nghìn": 10**3, "ngàn": 10**3, "thousand": 10**3,
    "tr": 10**6, "triệu": 10**6, "m": 10**6, "million": 10**6,
    "tỷ": 10**9, "tỉ": 10**9, "ty": 10**9, "b": 10**9, "billion": 10**9,
}  # fmt: skip
_MINOR = {"VND": 1, "JPY": 1, "KRW": 1}


def read_amount(text: str, currency: str) -> int | None:
    """Minor units of the currency; None for nothing. ValueError when it is no amount."""
    stripped = text.strip().replace("\u00a0", " ").lower()
    if not stripped:
        return None
    found = _FORM.fullmatch(stripped)
    if found is None or found[2].strip().rstrip(".") not in _WORDS:
        raise ValueError(text)
    unit = _WORDS[found[2].strip().rstrip(".")]
    amount = _number("".join(found[1].split()), scaled=unit > 1) * unit * _MINOR.get(currency, 100)
    if amount != int(amount):
        raise ValueError(text)
    return int(amount)


def _number(digits: str, *, scaled: bool) -> Decimal:
    """`12.500.000`, `12,5`: the last mark is a decimal one when fewer or more than three digits follow it alone.

    Beside a word such as triệu a single mark is always a decimal one.
    """
    marks = [one for one in digits if one in ".,"]
    last = max(digits.rfind("."), digits.rfind(","))
    after = digits[last + 1 :]
    single = marks.count(digits[last]) == 1 if marks else False
    decimal = single and (scaled or len(after) != 3)
    whole, part = (digits[:last], after) if decimal else (digits, "")
    grouped = re.split(r"[.,]", whole)
    if len(grouped) > 1 and any(len(group) != 3 for group in grouped[1:]):
        raise ValueError(digits)
    try:
        return Decimal("".join(grouped) + ("." + part if part else ""))
    except InvalidOperation as error:
        raise ValueError(digits) from error


def written(minor: int | None, currency: str) -> str:
    """The amount as it stands in a field to be changed."""
    if minor is None:
        return ""
    per_unit = _MINOR.get(currency, 100)
    if minor % per_unit == 0:
        return f"{minor // per_unit:,}".replace(",", ".")
    return f"{Decimal(minor) / per_unit:.2f}".replace(".", ",")
