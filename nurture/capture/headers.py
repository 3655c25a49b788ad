"""Which column is what: headers in Vietnamese and English, where the header row is, and own fields for the rest."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from nurture.capture.model import FIELD, Column, Row, Target
from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import LANGUAGES, N_, translate
from nurture.kernel.text import clean, fold, is_key, to_key
from nurture.leads.fields import LONGEST_CHOICE, Inference
from nurture.leads.model import RESERVED_FIELDS, FieldDefinition, FieldType
from nurture.leads.normalize import email_of, phone_of

LONGEST_HEADER = 200
MOST_CHOICES = 100  # a known field grows by the choices that files bring, up to here
_LOOKED_AT = 20
_WORDS = re.compile(r"[^a-z0-9]+")
_NAMES: dict[Target, str] = {
    Target.EMAIL: "email|e mail|mail|thu dien tu|dia chi email|hop thu|email address|email 1|dia chi thu dien tu",
    Target.PHONE: "phone|phone number|mobile|mobile phone|mobile number|tel|telephone|cell|so dien thoai|dien thoai|"
    "sdt|so dt|dt|dtdd|di dong|so di dong|dien thoai di dong|so phone|hotline|zalo|phone 1",
    Target.NAME: "name|full name|fullname|contact name|customer name|lead name|ho va ten|ho ten|ten day du|"
    "ten khach hang|ho ten khach hang|ho va ten khach hang|khach hang|ten lien he|nguoi lien he|ten khach",
    Target.FAMILY_NAME: "last name|lastname|surname|family name|ho|ho dem|ho va ten dem|ho va dem|ho lot",
    Target.GIVEN_NAME: "first name|firstname|given name|ten|ten goi",
    Target.HONORIFIC: "honorific|salutation|danh xung|xung ho|gioi tinh|gender",
    Target.COMPANY: "company|company name|organization|organisation|account|account name|cong ty|ten cong ty|"
    "doanh nghiep|ten doanh nghiep|don vi|to chuc|co quan",
    Target.ADDRESS: "address|street address|street|dia chi|dia chi lien he|dia chi nha",
    Target.CITY: "city|town|province|thanh pho|tinh thanh|tinh thanh pho|tinh|tinh tp|tp",
    Target.SOURCE: "source|lead source|utm source|nguon|nguon khach|nguon khach hang|nguon lead|kenh",
    Target.LANGUAGE: "language|ngon ngu",
    Target.TAGS: "tags|tag|labels|label|the|nhan|gan the",
    Target.CONSENT: "consent|marketing consent|email consent|opt in|email opt in|opted in|subscribed|"
    "newsletter consent|dong y|dong y nhan tin|dong y nhan email|dong y nhan thu|dong y nhan quang cao|"
    "su dong y|dong y nhan ban tin",
    Target.NO_EMAIL: "do not email|do not mail|no email|email opt out|opt out|opted out|unsubscribed|khong gui email|"
    "khong gui mail|khong nhan email|tu choi email|tu choi nhan email|huy nhan tin|tu choi nhan tin|khong gui thu",
    Target.NO_CALL: "do not call|no call|no calls|call opt out|khong goi|khong goi dien|"
    "tu choi cuoc goi|khong nhan cuoc goi",
    Target.NO_SMS: "do not sms|do not text|no sms|sms opt out|khong nhan tin sms|khong gui sms|tu choi sms|khong sms",
    Target.CONVERTED: "converted|is customer|da mua|da mua hang|la khach hang|da chuyen doi|da chot",
}
_TARGETS = {name: target for target, names in _NAMES.items() for name in names.split("|")}

# The columns that a file of refused rows has behind those of the file it came from.
ADDED = (N_("Refused: line"), N_("Refused: reason"))

# What spreadsheets write where nothing was chosen.
_MISSING = frozenset({"", "select", "#n/a", "#value!", "#ref!"})
_LONGEST_MISSING = max(map(len, _MISSING))


def tidy(text: str) -> str:
    """A cell's text without outer blanks; blank when it says nothing (the `Select` of a form nobody filled in)."""
    text = text.strip()
    return "" if len(text) <= _LONGEST_MISSING and text.casefold() in _MISSING else text


def plain(header: str) -> str:
    """A header for comparison: `Họ và tên *` is `ho va ten`."""
    return _WORDS.sub(" ", fold(header)).strip()


@cache
def _added() -> frozenset[str]:
    return frozenset(plain(translate(language, name)) for language in LANGUAGES for name in ADDED)


def is_added(header: str) -> bool:
    """Whether this column was added by a file of refused rows, in any language."""
    return plain(header) in _added()


def is_refused_file(cells: Sequence[str]) -> bool:
    """Whether this is the header of a file of refused rows."""
    return sum(map(is_added, cells)) >= len(ADDED)


def header_at(rows: Sequence[Row]) -> int | None:
    """Which of the first rows is the header; None when there is none and the data begin at once."""
    looked = rows[:_LOOKED_AT]
    ours = next((at for at, row in enumerate(looked) if is_refused_file(row.cells)), None)
    if ours is not None:
        return ours
    known = [len({_TARGETS[name] for cell in row.cells if (name := plain(cell)) in _TARGETS}) for row in looked]
    if known and max(known) > 0:
        best = known.index(max(known))
        if max(known) > 1 or not any(_is_data(row) for row in looked[: best + 1]):
            return best
    return None if not looked or _is_data(looked[0]) else 0


def _is_data(row: Row) -> bool:
    return any(("@" in cell and email_of(cell)) or (phone_of(cell) and len(cell) >= 9) for cell in row.cells)


def headers_of(row: Row | None, width: int) -> list[str]:
    """A name for each column; columns without one are numbered."""
    cells = [clean(cell, LONGEST_HEADER) for cell in row.cells] if row else []
    cells += [""] * (width - len(cells))
    return [cell or f"Column {number}" for number, cell in enumerate(cells, start=1)]


def targets_of(
    headers: Sequence[str], mapping: Mapping[str, str], kept: Mapping[str, str], seen: Sequence[Inference]
) -> list[str | None]:
    """What each column is read as: the caller's word, the kept one, the dictionary's; None for an own field.

    A target stands once; of two columns with the same name the first is it. InputError for a bad mapping.
    """
    _check(headers, mapping)
    words = {plain(header): target for header, target in mapping.items()}
    found: list[str | None] = [Target.SKIP.value if is_added(header) else None for header in headers]
    for source in (words, kept, _TARGETS):
        for index, header in enumerate(headers):
            target = source.get(plain(header))
            if found[index] is None and target and (target == Target.SKIP or target not in found):
                found[index] = str(target)
    _by_content(found, seen)
    return found


def _by_content(found: list[str | None], seen: Sequence[Inference]) -> None:
    """Without a column named so, one that holds addresses (or phone numbers) is it."""
    for target, reads in ((Target.EMAIL, email_of), (Target.PHONE, phone_of)):
        if target in found:
            continue
        for index, inference in enumerate(seen):
            values = inference.first
            if found[index] is None and values and sum(1 for one in values if reads(one)) * 2 > len(values):
                found[index] = target.value
                break


def _check(headers: Sequence[str], mapping: Mapping[str, str]) -> None:
    there = Counter(plain(header) for header in headers)
    problems = []
    for header, target in mapping.items():
        if plain(header) not in there:
            message = N_("The file has no column “%(column)s”")
            shown = ", ".join(headers[:30])
            problems.append(
                Problem("no_column", message, N_("its columns are: %(columns)s"), path=header,
                        params=(("column", header), ("columns", shown)))
            )  # fmt: skip
        if target not in list(Target) and not (target.startswith(FIELD) and is_key(target.removeprefix(FIELD))):
            message = N_("A column cannot be read as “%(target)s”")
            shown = ", ".join(Target) + f", {FIELD}<key>"
            problems.append(
                Problem("no_target", message, N_("one of: %(targets)s"), path=header,
                        params=(("target", target), ("targets", shown)))
            )  # fmt: skip
    if problems:
        raise InputError(problems)


def columns_of(
    headers: Sequence[str],
    targets: Sequence[str | None],
    seen: Sequence[Inference],
    definitions: Mapping[str, FieldDefinition],
) -> tuple[Column, ...]:
    """Each column with its target; unknown ones become own fields, typed by what they hold or as already defined."""
    labels = {plain(one.label): key for key, one in definitions.items()}
    taken: set[str] = {target for target in targets if target}
    columns = []
    for index, header in enumerate(headers):
        target = targets[index]
        if target is None and not seen[index].filled:
            target = Target.SKIP.value
        if target is None:
            target = FIELD + _own_key(header, labels, taken)
            taken.add(target)
        columns.append(_column(index, header, target, seen[index], definitions))
    return tuple(columns)


def _own_key(header: str, labels: Mapping[str, str], taken: set[str]) -> str:
    known = labels.get(plain(header))
    if known and FIELD + known not in taken:
        return known
    key = to_key(header)[:70] or "field"
    key = f"{key}_field" if key in RESERVED_FIELDS else key
    found, number = key, 2
    while FIELD + found in taken:
        found, number = f"{key}_{number}", number + 1
    return found


def _column(
    index: int, header: str, target: str, seen: Inference, definitions: Mapping[str, FieldDefinition]
) -> Column:  # fmt: skip
    if not target.startswith(FIELD):
        return Column(index, header, target)
    known = definitions.get(target.removeprefix(FIELD))
    if known:
        choices = known.choices
        if known.type is FieldType.CHOICE:
            fresh = sorted(text for text in seen.distinct - set(choices) if len(text) <= LONGEST_CHOICE)
            choices = (*choices, *fresh)[: max(MOST_CHOICES, len(choices))]
        return Column(index, header, target, known.type, choices, known=choices == known.choices)
    kind, choices = seen.result()
    return Column(index, header, target, kind, choices)


def names_to_write(columns: Sequence[Column], kept: Mapping[str, str]) -> list[str | None]:
    """The header to give each column in a file of refused rows, so that it is read as before; None: leave it out.

    A column that was found by what it holds is named by what it is.
    """
    told = targets_of([one.header for one in columns], {}, kept, [Inference() for _ in columns])
    names: list[str | None] = []
    for column, target in zip(columns, told, strict=True):
        by_name = column.key or column.target in (target, Target.SKIP)
        names.append(None if is_added(column.header) else column.header if by_name else column.target)
    return names
