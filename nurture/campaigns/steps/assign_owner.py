"""Give the lead to somebody. `assign_owner: {to: lan@example.vn}`, or `{by: rule, only_if_none: true}`.

By rule it goes to whom an opportunity would: its owner, its company's, else the next salesperson in turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.effects import AssignOwner, Go, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.rules.titles import OWNER, UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "to": {"type": "string", "format": "email", "description": "The address of a member of staff."},
        "by": {"const": "rule", "description": "As opportunities are given."},
        "only_if_none": {"type": "boolean", "description": "A lead that has an owner keeps them."},
    },
    "oneOf": [{"required": ["to"]}, {"required": ["by"]}],
    "additionalProperties": False,
    "description": "Give the lead to a member of staff, or by the rule of automatic assignment.",
}


@dataclass(frozen=True, slots=True)
class Assign:
    """To whom; None: by rule."""

    email: str | None
    only_if_none: bool = False


def read(reading: Reading, value: Any, path: str) -> Assign:
    """Either a member of staff, or the rule."""
    parts = reading.mapping(value, path, optional=("to", "by", "only_if_none"))
    only = parts.get("only_if_none", False)
    if not isinstance(only, bool):
        reading.wrong("not_a_flag", f"{path}.only_if_none", N_("true or false belongs here"))
    if ("to" in parts) == ("by" in parts):
        mend = N_("to: an address of staff, or by: rule")
        reading.wrong("no_owner", path, N_("It is not said who gets the lead"), mend)
        return Assign(None, only is True)
    if "by" in parts:
        if parts["by"] != "rule":
            reading.unknown("unknown_value", f"{path}.by", N_("“%(word)s” is not known here"), parts["by"], ["rule"])
        return Assign(None, only is True)
    return Assign(_staff(reading, parts["to"], f"{path}.to"), only is True)


def _staff(reading: Reading, data: Any, path: str) -> str:
    email = reading.text(data, path, 254).lower()
    known = reading.facts.known.get("staff")
    if email and known is not None and email not in known:
        message = N_("Nobody of the staff who can be in charge has the address “%(word)s”")
        mend = N_("add them, or the step leaves owners as they are")
        reading.wrong("unknown_staff", path, message, mend, "warning", word=email)
    return email


def act(config: Assign, moment: Moment) -> Go:  # noqa: ARG001 - it never waits
    """Give it and go on."""
    return Go(effects=(AssignOwner(config.email, config.only_if_none),))


def describe(config: Assign, language: str, titles: Titles = UNTITLED) -> str:
    """`Give the lead to Lan`."""
    if config.email is None:
        text = translate(language, "Give the lead to the next salesperson by the rule")
    else:
        text = translate(language, "Give the lead to %(name)s", name=titles.get(OWNER, config.email) or config.email)
    return translate(language, "%(text)s, if it has no owner", text=text) if config.only_if_none else text
