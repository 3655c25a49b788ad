"""The JSON Schema of a campaign file, made of the steps, so that an editor completes and underlines. Pure.

`python -m nurture.campaigns.schema` prints it; a test holds campaigns/_schema/campaign.schema.json equal.
"""

import json
import sys
from typing import Any

from nurture.campaigns import entries, entry
from nurture.campaigns.definition import MailClass
from nurture.campaigns.model import Again, Existing, Sender, Unsure
from nurture.campaigns.reading import SPAN, texts_schema
from nurture.campaigns.steps import kinds
from nurture.kernel.i18n import LANGUAGES
from nurture.rules.schema import definitions
from nurture.segments.store import built_in

_KEY = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,79}$"}
_SPAN = {"type": "string", "pattern": SPAN}
_TIME = {"type": "string", "pattern": "^([01]?[0-9]|2[0-3]):[0-5][0-9]$|^24:00$"}
_WORDS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}


def schema() -> dict[str, Any]:
    """The schema as plain data."""
    steps = [_step(kind, dict(module.SCHEMA)) for kind, module in kinds().items()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "nurture campaign",
        **_object(
            {
                "key": _KEY,
                "name": texts_schema(120, "What people call it."),
                "language": {"enum": list(LANGUAGES)},
                "entry": _entry(),
                "goal": {"$ref": "#/$defs/goal"},
                "exit_when": {"$ref": "#/$defs/rule"},
                "sending": _sending(),
                "steps": {"$ref": "#/$defs/steps"},
            },
            ("key", "name", "entry", "steps"),
        ),
        "$defs": {
            "steps": {"type": "array", "items": {"anyOf": steps}},
            "goal": {"anyOf": [_object({"opportunity": {"const": "opened"}}), {"$ref": "#/$defs/rule"}]},
            **definitions(built_in()),
        },
    }


def text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _object(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    names = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **names, "additionalProperties": False}


def _step(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return _object({"id": _KEY, kind: value}, ("id", kind))


def _entry() -> dict[str, Any]:
    """One entrance, or any of several; in each what becomes of those there before, in all what they share."""
    again = {
        "anyOf": [{"enum": [one.value for one in Again]}, _object({"after": _SPAN}, ("after",))],
        "description": "Whether a lead may come another time; never if unsaid, after_exit where it recurs.",
    }
    common = {"again": again, "when": {"$ref": "#/$defs/rule", "description": "Who comes in if this holds as well."}}
    single = [_entrance(kind, dict(module.SCHEMA), common) for kind, module in entries.kinds().items()]
    inner = [_entrance(kind, dict(module.SCHEMA), {}) for kind, module in entries.kinds().items()]
    several = {"type": "array", "minItems": 1, "maxItems": entry.MOST, "items": {"anyOf": inner}}
    return {"anyOf": [*single, _object({"any": several, **common}, ("any",))]}


def _entrance(kind: str, value: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    existing = {"enum": [one.value for one in Existing], "description": "Those who were there at the first publish."}
    parts = {"existing": existing} if entries.takes_existing(kind) else {}
    needed = (kind, "existing") if entries.needs_existing(kind) else (kind,)
    return _object({kind: value, **parts, **common}, needed)


def _sending() -> dict[str, Any]:
    window = _object({"days": {"type": "string"}, "from": _TIME, "to": _TIME}, ("from", "to"))
    return _object(
        {
            "class": {"enum": [one.value for one in MailClass]},
            "from": {"enum": [one.value for one in Sender]},
            "window": window,
            "cap": {"type": "string", "pattern": "^[1-9][0-9]{0,2} in [0-9]+ (minute|hour|day|week)s?$"},
            "priority": {"type": "integer", "minimum": 1, "maximum": 9},
            "topic": {"type": "string", "pattern": "^[a-z0-9_-]{1,80}$"},
            "exit_on_reply": {"type": "boolean", "description": "A lead that answers a mail of it leaves."},
            "unknown": {"enum": [one.value for one in Unsure], "description": "Of a mail that may have arrived."},
        }
    )


if __name__ == "__main__":
    sys.stdout.write(text())
