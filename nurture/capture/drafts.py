"""From a row's cells to what they say about a lead, or to the reason why it cannot become one. Decides; no I/O."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.capture.headers import tidy
from nurture.capture.model import Column, Draft, Options, Reading, Refused, Row, Target
from nurture.consents.model import Channel
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.text import clean
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
_MOST_REMEMBERED = 4096


def _text(text: str) -> str:
    return clean(text, LONGEST_TEXT)


def _language(text: str) -> str:
    found = text.strip().lower()[:2]
    return found if found in LANGUAGES else ""


_FACTS: dict[str, Callable[[str], str]] = {
    Target.NAME: name_of, Target.HONORIFIC: honorific_of, Target.COMPANY: _text, Target.ADDRESS: _text,
    Target.CITY: _text, Target.SOURCE: source_of, Target.LANGUAGE: _language,
}  # fmt: skip


@dataclass(slots=True)
class _OwnField:
    """A column that is a field of the installation's own; remembers what its texts are as values."""

    index: int
    definition: FieldDefinition
    known: dict[str, Any] = field(default_factory=dict)

    def value(self, text: str) -> Any | None:
        if text in self.known:
            return self.known[text]
        found = typed(self.definition, text)
        if len(self.known) < _MOST_REMEMBERED and len(text) <= 100:
            self.known[text] = found
        return found


class Drafter:
    """Understands the rows of one file. Values that fit no type are dropped and counted, never the row."""

    def __init__(self, reading: Reading, options: Options) -> None:
        self._options = options
        self._width = len(reading.columns) if reading.header_line else 0
        self._headers = {column.target: column.header for column in reading.columns}
        self._facts = [(c.index, c.target, _FACTS[c.target]) for c in reading.columns if c.target in _FACTS]
        self._own = [_OwnField(c.index, _definition(c)) for c in reading.columns if c.key]
        self._refusals = [(c.index, _REFUSALS[Target(c.target)]) for c in reading.columns if c.target in _REFUSALS]
        places = {column.target: column.index for column in reading.columns}
        self._email, self._phone = places.get(Target.EMAIL), places.get(Target.PHONE)
        self._family, self._given = places.get(Target.FAMILY_NAME), places.get(Target.GIVEN_NAME)
        self._tags, self._consent = places.get(Target.TAGS), places.get(Target.CONSENT)
        self._converted = places.get(Target.CONVERTED)
        self._all_tags = {key: label for label in options.tags if (key := tag_key(label))}
        self._source = source_of(options.source)

    def read(self, row: Row) -> Draft | Refused:
        """What the row says, or why it is refused."""
        cells = [tidy(cell) for cell in row.cells]
        if self._width and len(cells) > self._width and any(cells[self._width :]):
            return Refused(row.line, "", _shown(" ".join(cells[self._width :])), TOO_MANY_CELLS)
        email_text, phone_text = _cell(cells, self._email), _cell(cells, self._phone)
        email = email_of(email_text) if email_text else None
        phone = phone_of(phone_text) if phone_text else None
        if email is None and not (phone and self._options.keep_phone_only):
            return self._refused(row.line, email_text, phone_text)
        dropped = (email is None and email_text != "") + (phone is None and phone_text != "")
        facts = self._facts_of(cells)
        if phone:
            facts["phone"] = phone
        own, misfits = self._own_of(cells)
        if own:
            facts["fields"] = own
        consent = _cell(cells, self._consent)
        return Draft(
            row.line, email, phone, facts, self._tags_of(cells), self._refused_channels(cells),
            yes_no(consent) if consent else None,
            f"{self._headers.get(Target.CONSENT, '')}: {consent}" if consent else "", dropped + misfits,
        )  # fmt: skip

    def _refused(self, line: int, email: str, phone: str) -> Refused:
        if self._options.keep_phone_only:
            target = Target.PHONE if phone or not email else Target.EMAIL
            return Refused(line, self._headers.get(target, ""), _shown(phone or email), NO_CONTACT)
        return Refused(line, self._headers.get(Target.EMAIL, ""), _shown(email), NO_ADDRESS)

    def _facts_of(self, cells: list[str]) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for index, key, reads in self._facts:
            text = _cell(cells, index)
            if text and (value := reads(text)):
                facts[key] = value
        given = name_of(_cell(cells, self._given))
        if "name" not in facts and (name := name_of(f"{_cell(cells, self._family)} {given}")):
            facts["name"] = name
        if "name" in facts:
            facts["given_name"] = given or given_name_of(facts["name"])
        if self._source:
            facts.setdefault("source", self._source)
        if self._converted is not None and yes_no(_cell(cells, self._converted)):
            facts["lifecycle"] = Lifecycle.CUSTOMER.value
        return facts

    def _own_of(self, cells: list[str]) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        misfits, width = 0, len(cells)
        for own in self._own:
            text = cells[own.index] if own.index < width else ""
            if not text:
                continue
            value = own.value(text)
            if value is None:
                misfits += 1
            else:
                found[own.definition.key] = value
        return found, misfits

    def _tags_of(self, cells: list[str]) -> dict[str, str]:
        text = _cell(cells, self._tags)
        if not text:
            return self._all_tags
        labels = _TAG_ENDS.split(text)[:MOST_TAGS]
        return self._all_tags | {key: clean(label, 80) for label in labels if (key := tag_key(label))}

    def _refused_channels(self, cells: list[str]) -> frozenset[Channel]:
        if not self._refusals:
            return _NONE
        # whatever is not a clear no (a date, a word) refuses
        said = ((_cell(cells, index), channel) for index, channel in self._refusals)
        found = [channel for text, channel in said if text and yes_no(text) is not False]
        return frozenset(found) if found else _NONE


_NONE: frozenset[Channel] = frozenset()


def _cell(cells: list[str], index: int | None) -> str:
    return cells[index] if index is not None and index < len(cells) else ""


def _shown(text: str) -> str:
    return clean(text, LONGEST_SHOWN)


def _definition(column: Column) -> FieldDefinition:
    return FieldDefinition(column.key, column.header, column.type or FieldType.TEXT, column.choices)


def definitions_of(reading: Reading) -> Mapping[str, FieldDefinition]:
    """The own fields that the file brings and that do not exist yet."""
    return {column.key: _definition(column) for column in reading.columns if column.key and not column.known}
