"""Reads `_shared/fields.yaml`: fields of a house's own that its campaigns ask for, so that they are there. Pure.

`birthday: {name: Ngày sinh, type: date}`. Applying makes those that are missing; one that is there stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.reading import Reading
from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.text import is_key
from nurture.kernel.yamlfile import Source, read
from nurture.leads.facts import own
from nurture.leads.fields import LONGEST_CHOICE, MOST_CHOICES
from nurture.leads.model import RESERVED_FIELDS, FieldDefinition, FieldType
from nurture.rules.facts import Facts

KEY = "fields"
LONGEST_NAME = 120


def read_fields(source: Source, facts: Facts) -> tuple[tuple[FieldDefinition, ...], list[Problem]]:
    """The fields of this file, with all findings; `facts` are those there are already."""
    reading = _Fields(source, facts)
    return reading.document(source.data), reading.problems


def with_fields(facts: Facts, text: str, file: str) -> Facts:
    """The facts and the fields of this text; those alone when it cannot be read, which loading it says."""
    try:
        found, _ = read_fields(read(text, file), facts)
    except DefinitionError:
        return facts
    return facts.with_values(own(found))


@dataclass(slots=True)
class _Fields(Reading):
    def document(self, data: Any) -> tuple[FieldDefinition, ...]:
        if data is None:
            return ()
        names = tuple(data) if isinstance(data, Mapping) else ()
        found = (self.one(str(key), raw) for key, raw in self.mapping(data, "", optional=names).items())
        return tuple(one for one in found if one is not None)

    def one(self, key: str, raw: Any) -> FieldDefinition | None:
        before = len(self.problems)
        parts = self.mapping(raw, key, required=("name", "type"), optional=("choices",))
        if not is_key(key) or key in RESERVED_FIELDS:
            self.wrong("bad_field", key, N_("“%(key)s” cannot be the key of a field"), key=key)
        name = self.text(parts["name"], f"{key}.name", LONGEST_NAME) if parts.get("name") is not None else ""
        kind = self.choice(parts.get("type", "text"), f"{key}.type", FieldType, FieldType.TEXT)
        choices = self.choices(parts.get("choices"), f"{key}.choices", kind)
        if len(self.problems) > before:
            return None
        found = FieldDefinition(key, name, kind, choices)
        return found if self.fits(found) else None

    def choices(self, data: Any, path: str, kind: FieldType) -> tuple[str, ...]:
        """What a choice may be; nothing for the other types."""
        wanted = kind is FieldType.CHOICE
        good = isinstance(data, list) and 1 <= len(data) <= MOST_CHOICES if wanted else data is None
        if not good:
            self.wrong(
                "bad_choices", path, N_("A list of choices belongs to a field of the type choice, and only there")
            )
        return tuple(self.text(one, path, LONGEST_CHOICE) for one in data) if good and wanted else ()

    def fits(self, field: FieldDefinition) -> bool:
        """Whether it is new, or what it is already."""
        (asked,), there = own([field]), self.facts.values.get(field.key)
        if there is None or there.type is asked.type:
            return True
        message, mend = N_("There is a field “%(key)s” of another type already"), N_("give this one another key")
        self.wrong("other_type", f"{field.key}.type", message, mend, key=field.key)
        return False
