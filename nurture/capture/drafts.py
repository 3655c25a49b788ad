"""From a row's cells to what they say about a lead, or to the reason why it cannot become one. Decides; no I/O."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

from nurture.capture.headers import tidy
from nurture.capture.model import Column, Draft, Options, Reading, Refused, Row, Target
from nurture.consents.model import Channel
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.text import Remembered, clean
from nurture.leads.fields import typed, yes_no
from nurture.leads.model import FieldDefinition, FieldType, Lifecycle
from nurture.leads.normalize import (
    LONGEST_TEXT,
    email_of,
    given_name_of,
    honorific_of,
    name_of,
    phone_of,
    source_of,
    tag_key,
)  # fmt: skip

LONGEST_SHOWN = 500
MOST_TAGS = 20
NO_ADDRESS = N_("No usable email address")
NO_CONTACT = N_("No usable email address, and no possible phone number")
TOO_MANY_CELLS = N_("More cells than the header has; a delimiter or a quotation mark may be out of place")
_TAG_ENDS = re.compile(r"[,;|]")
_REFUSALS = {Target.NO_EMAIL: Channel.EMAIL, Target.NO_CALL: Channel.CALL, Target.NO_SMS: Channel.SMS}


def _text(text: str) -> str:
    return clean(text, LONGEST_TEXT)


def _language(text: str) -> str:
    found = text.strip().lower()[:2]
    return found if found in LANGUAGES else ""


_FACTS: dict[str, Callable[[str], str]] = {
    Target.NAME: name_of, Target.HONORIFIC: honorific_of, Target.COMPANY: _text, Target.ADDRESS: _text,
    Target.CITY: _text, Target.SOURCE: source_of, Target.LANGUAGE: _language,
}  # fmt: skip


def _read(reads: Callable[[str], Any]) -> Remembered:
    """What the cells of a column say, by their text."""
    return Remembered(lambda text: reads(tidy(text)))


class Drafter:
    """Understands the rows of one file. Values that fit no type are dropped and counted, never the row."""

    def __init__(self, reading: Reading, options: Options) -> None:
        self._options = options
        self._width = len(reading.columns)
        self._has_header = reading.header_line > 0
        self._headers = {column.target: column.header for column in reading.columns}
        self._facts = [(c.index, c.target, _read(_FACTS[c.target])) for c in reading.columns if c.target in _FACTS]
        self._own = [(c.index, c.key, _read(_typed(c))) for c in reading.columns if c.key]
        self._refusals = [
            (c.index, _REFUSALS[Target(c.target)], _read(_refuses)) for c in reading.columns if c.target in _REFUSALS
        ]
        places = {column.target: column.index for column in reading.columns}
        self._email, self._phone = places.get(Target.EMAIL), places.get(Target.PHONE)
        self._family, self._given = places.get(Target.FAMILY_NAME), places.get(Target.GIVEN_NAME)
        self._tags = self._place(places, Target.TAGS, self._tags_of)
        self._consent = self._place(places, Target.CONSENT, self._said)
        self._converted = self._place(places, Target.CONVERTED, lambda text: bool(yes_no(text)))
        self._all_tags = {key: label for label in options.tags if (key := tag_key(label))}
        self._source = source_of(options.source)

    def _place(
        self, places: Mapping[str, int], target: Target, reads: Callable[[str], Any]
    ) -> tuple[int, Remembered] | None:  # fmt: skip
        return (places[target], _read(reads)) if target in places else None

    def read(self, row: Row) -> Draft | Refused:
        """What the row says, or why it is refused."""
        (found,) = self.read_all([row])
        return found

    def read_all(self, rows: Sequence[Row]) -> list[Draft | Refused]:
        """What each row says, in their order."""
        if not rows:
            return []
        columns = list(zip(*(self._squared(row.cells) for row in rows), strict=True))
        many = len(rows)
        lines = [row.line for row in rows]
        mails = _texts(columns, self._email, many)
        emails = [email_of(text) if text else None for text in mails]
        numbers = _texts(columns, self._phone, many)
        phones = [phone_of(text) if text else None for text in numbers]
        facts = self._facts_of(columns, many, phones)
        misfits = self._own_of(columns, many, facts)
        tags = _said_in(columns, self._tags, many, self._all_tags)
        refuses = self._refused_channels(columns, many)
        consents = _said_in(columns, self._consent, many, _NOTHING_SAID)
        keeps_phones = self._options.keep_phone_only
        found: list[Draft | Refused] = [
            Draft(line, email, phone, known, tagged, closed, consent[0], consent[1],
                  dropped + (email is None and mail != "") + (phone is None and number != ""))
            if email or (phone and keeps_phones)
            else self._refused(line, mail, number)
            for line, email, phone, known, tagged, closed, consent, dropped, mail, number in zip(
                lines, emails, phones, facts, tags, refuses, consents, misfits, mails, numbers, strict=True
            )
        ]  # fmt: skip
        return self._without_wide(rows, found)

    def _squared(self, cells: list[str]) -> list[str]:
        """As many cells as there are columns."""
        lacking = self._width - len(cells)
        if not lacking:
            return cells
        return cells + [""] * lacking if lacking > 0 else cells[: self._width]

    def _without_wide(self, rows: Sequence[Row], found: list[Draft | Refused]) -> list[Draft | Refused]:
        """Rows with more cells than the header are refused, whatever they say."""
        if not self._has_header or max(len(row.cells) for row in rows) <= self._width:
            return found
        beyond = [" ".join(map(tidy, row.cells[self._width :])) for row in rows]
        return [
            Refused(row.line, "", _shown(more), TOO_MANY_CELLS) if more.strip() else one
            for row, more, one in zip(rows, beyond, found, strict=True)
        ]

    def _refused(self, line: int, email: str, phone: str) -> Refused:
        if self._options.keep_phone_only:
            target = Target.PHONE if phone or not email else Target.EMAIL
            return Refused(line, self._headers.get(target, ""), _shown(phone or email), NO_CONTACT)
        return Refused(line, self._headers.get(Target.EMAIL, ""), _shown(email), NO_ADDRESS)

    def _facts_of(
        self, columns: Sequence[Sequence[str]], many: int, phones: Sequence[str | None]
    ) -> list[dict[str, Any]]:  # fmt: skip
        keys = [key for _, key, _ in self._facts]
        read = [map(known.__getitem__, columns[index]) for index, _, known in self._facts]
        said = zip(*read, strict=True) if read else repeat((), many)
        found: list[dict[str, Any]] = [
            {key: value for key, value in zip(keys, values, strict=True) if value} for values in said
        ]
        self._names(columns, many, found)
        if self._source:
            for facts in found:
                facts.setdefault("source", self._source)
        for facts, bought in zip(found, _said_in(columns, self._converted, many, False), strict=True):  # noqa: FBT003
            if bought:
                facts["lifecycle"] = Lifecycle.CUSTOMER.value
        for facts, phone in zip(found, phones, strict=True):
            if phone:
                facts["phone"] = phone
        return found

    def _names(self, columns: Sequence[Sequence[str]], many: int, found: list[dict[str, Any]]) -> None:
        """The whole name out of its parts where none is given, and the word to greet by."""
        if self._family is None and self._given is None:
            for facts in found:
                if "name" in facts:
                    facts["given_name"] = given_name_of(facts["name"])
            return
        parts = zip(_texts(columns, self._family, many), _texts(columns, self._given, many), found, strict=True)
        for family, own, facts in parts:
            given = name_of(own)
            if "name" not in facts and (name := name_of(f"{family} {given}")):
                facts["name"] = name
            if "name" in facts:
                facts["given_name"] = given or given_name_of(facts["name"])

    def _own_of(self, columns: Sequence[Sequence[str]], many: int, found: list[dict[str, Any]]) -> list[int]:
        """Put the own fields into the facts; gives how many values of each row fit no type."""
        misfits = [0] * many
        fields: list[dict[str, Any]] = [{} for _ in range(many)] if self._own else []
        for index, key, known in self._own:
            for at, value in enumerate(map(known.__getitem__, columns[index])):
                if value is _MISFIT:
                    misfits[at] += 1
                elif value is not None:
                    fields[at][key] = value
        for facts, own in zip(found, fields, strict=False):
            if own:
                facts["fields"] = own
        return misfits

    def _tags_of(self, text: str) -> dict[str, str]:
        if not text:
            return self._all_tags
        labels = _TAG_ENDS.split(text)[:MOST_TAGS]
        return self._all_tags | {key: clean(label, 80) for label in labels if (key := tag_key(label))}

    def _said(self, text: str) -> tuple[bool | None, str]:
        """What the consent column says, and its proof."""
        return (yes_no(text), f"{self._headers[Target.CONSENT]}: {text}") if text else _NOTHING_SAID

    def _refused_channels(self, columns: Sequence[Sequence[str]], many: int) -> Iterable[frozenset[Channel]]:
        if not self._refusals:
            return repeat(_NONE, many)
        channels = [channel for _, channel, _ in self._refusals]
        said = zip(*(map(known.__getitem__, columns[index]) for index, _, known in self._refusals), strict=True)
        return [
            frozenset(channel for channel, no in zip(channels, noes, strict=True) if no) if any(noes) else _NONE
            for noes in said
        ]


_NONE: frozenset[Channel] = frozenset()
_NOTHING_SAID: tuple[bool | None, str] = (None, "")
_MISFIT = object()


def _refuses(text: str) -> bool:
    """Whatever is not a clear no (a date, a word) refuses."""
    return bool(text) and yes_no(text) is not False


def _typed(column: Column) -> Callable[[str], Any]:
    """How a column of an own field is read: None is nothing said, `_MISFIT` something that fits no type."""
    definition = _definition(column)

    def read(text: str) -> Any:
        if not text:
            return None
        found = typed(definition, text)
        return _MISFIT if found is None else found

    return read


def _texts(columns: Sequence[Sequence[str]], index: int | None, many: int) -> list[str]:
    """The tidy cells of a column; blank ones where there is no such column."""
    return [""] * many if index is None else list(map(tidy, columns[index]))


def _said_in(columns: Sequence[Sequence[str]], place: tuple[int, Remembered] | None, many: int, otherwise: Any) -> Any:
    """What the cells of a column say; `otherwise` of each where there is no such column."""
    return repeat(otherwise, many) if place is None else map(place[1].__getitem__, columns[place[0]])


def _shown(text: str) -> str:
    return clean(text, LONGEST_SHOWN)


def _definition(column: Column) -> FieldDefinition:
    return FieldDefinition(column.key, column.header, column.type or FieldType.TEXT, column.choices)


def definitions_of(reading: Reading) -> Mapping[str, FieldDefinition]:
    """The own fields that the file brings and that do not exist yet."""
    return {column.key: _definition(column) for column in reading.columns if column.key and not column.known}
