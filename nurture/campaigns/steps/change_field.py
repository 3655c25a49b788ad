"""Set a fact of the lead, or empty it. `change_field: {field: city, to: Hà Nội}`, `{field: plan, to: null}`.

Built-in facts that may be changed, the lifecycle stage, and the installation's own fields by their keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import ChangeField, Go, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.leads.fields import typed
from nurture.leads.model import FieldDefinition, FieldType, Lifecycle
from nurture.leads.values import CHANGEABLE, read_fact
from nurture.rules.facts import Fact
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "field": {"type": "string", "description": "A field of leads: city, lifecycle, or one of your own."},
        "to": {"description": "The value it gets; null empties it."},
    },
    "required": ["field", "to"],
    "additionalProperties": False,
    "description": "Set a field of the lead, or empty it.",
}
# An address is a lead's own: two leads never have the same one.
_OWN_TO_EACH = ("email", "phone")
BUILT_IN = (*(key for key in CHANGEABLE if key not in {*_OWN_TO_EACH, "fields"}), "lifecycle")
_LABELS = {
    "name": N_("name"), "given_name": N_("given name"), "honorific": N_("honorific"), "company": N_("company"),
    "address": N_("address"), "city": N_("city"), "source": N_("source"), "zone": N_("time zone"),
    "language": N_("language"), "lifecycle": N_("lifecycle stage"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """Which field, what it gets in the form that is stored, and how that was written."""

    field: str  # a built-in key, or `fields.<own key>`
    label: str
    value: Any
    shown: str


def read(reading: Reading, value: Any, path: str) -> Change:
    """The field, and a value that fits it."""
    parts = reading.mapping(value, path, required=("field",), optional=("to",))
    key, place = str(parts.get("field") or ""), f"{path}.to"
    if parts and "to" not in parts:
        reading.wrong("missing_key", path, N_("“%(word)s” is missing here"), N_("to: null empties it"), word="to")
    raw = parts.get("to")
    shown = "" if raw is None else str(raw)
    if key in BUILT_IN:
        return Change(key, _LABELS[key], _built_in(reading, key, raw, place), shown)
    own = reading.facts.values.get(key)
    if own is not None and own.part:
        return Change(f"fields.{key}", own.label, _own(reading, own, raw, place), shown)
    if key:
        _unknown(reading, key, path)
    return Change(key, key, None, shown)


def _unknown(reading: Reading, key: str, path: str) -> None:
    if key in _OWN_TO_EACH:
        message = N_("“%(word)s” is different for each lead, a campaign cannot set it")
        reading.wrong("not_changeable", f"{path}.field", message, word=key)
        return
    known = [*BUILT_IN, *(name for name, fact in reading.facts.values.items() if fact.part)]
    reading.unknown("unknown_field", f"{path}.field", N_("There is no field “%(word)s” to change"), key, known)


def _built_in(reading: Reading, key: str, raw: Any, place: str) -> Any:
    if key == "lifecycle":
        return reading.choice(raw, place, Lifecycle, Lifecycle.LEAD).value
    if isinstance(raw, (Mapping, list)):
        reading.wrong("bad_value", place, N_("One value belongs here"))
        return None
    found, problem = read_fact(key, "" if raw is None else str(raw))
    if problem is not None:
        reading.wrong(problem.code, place, problem.message, problem.mend, **dict(problem.params))
    return found


def _own(reading: Reading, fact: Fact, raw: Any, place: str) -> Any:
    if raw is None or raw == "":
        return None
    definition = FieldDefinition(fact.key, fact.label, FieldType(fact.type.value), fact.choices)
    found = typed(definition, raw)
    if found is None:
        message = N_("“%(value)s” does not fit “%(field)s”")
        mend = N_("one of: %(known)s") if fact.choices else ""
        known = {"known": ", ".join(fact.choices)} if fact.choices else {}
        reading.wrong("bad_value", place, message, mend, value=raw, field=fact.label, **known)
    return found


def act(config: Change, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Set it and go on."""
    return Go(effects=(ChangeField(config.field, config.value),))


def describe(config: Change, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Set “city” to “Hà Nội”`."""
    field = translate(language, config.label) if config.label else config.field
    if config.value in (None, ""):
        return translate(language, "Empty “%(field)s”", field=field)
    return translate(language, "Set “%(field)s” to “%(value)s”", field=field, value=config.shown)
