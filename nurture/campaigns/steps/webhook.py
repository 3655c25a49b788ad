"""Tell another system: `webhook: {url: https://crm.example.vn/hooks, name: crm}`.

Without `wait` the lead goes straight on; what comes of it is seen in the campaign. With
`wait: {ok: [...], failed: [...], within: 1 day}` the lead waits here, and goes the way `ok` as soon as the receiver
takes it, or the way `failed` when it refuses for good or has not taken it within that time. It is tried for three days
all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from nurture.campaigns.effects import CallWebhook, Go, Hold, Moment
from nurture.campaigns.reading import SPAN, Reading
from nurture.campaigns.spans import spoken
from nurture.kernel.i18n import N_, translate
from nurture.outbound.document import OWN, SENDABLE
from nurture.outbound.target import LONGEST, TargetError, read_target
from nurture.rules.titles import UNTITLED, Titles

OK, FAILED = "ok", "failed"
WITHIN = timedelta(days=1)
MOST_FIELDS = 40

LISTENS = True
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "maxLength": LONGEST, "pattern": "^https?://", "description": "Where it goes."},
        "name": {
            "type": "string",
            "pattern": "^[a-z0-9][a-z0-9_-]*$",
            "description": "What the receiver is called; secrets may be set for it by this name.",
        },
        "send": {
            "type": "array",
            "items": {"type": "string"},
            "maxItems": MOST_FIELDS,
            "description": "What is told of the lead: name, email, …, fields.<own field>. All when not written.",
        },
        "wait": {
            "type": "object",
            "properties": {
                OK: {"$ref": "#/$defs/steps"},
                FAILED: {"$ref": "#/$defs/steps"},
                "within": {"type": "string", "pattern": SPAN, "description": "A day if not written."},
            },
            "additionalProperties": False,
            "description": "Wait for the answer, and go one of two ways.",
        },
    },
    "required": ["url", "name"],
    "additionalProperties": False,
    "description": "Tell another system, by a signed request.",
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """Whom to tell what; `within` None: not waiting for the answer."""

    url: str = ""
    name: str = ""
    send: tuple[str, ...] = ()
    within: timedelta | None = None


def read(reading: Reading, value: Any, path: str) -> Webhook:
    """Its parts; the steps of both ways are read as all others are."""
    parts = reading.mapping(value, path, required=("url", "name"), optional=("send", "wait"))
    return Webhook(
        _url(reading, parts["url"], f"{path}.url") if parts.get("url") is not None else "",
        reading.key(parts["name"], f"{path}.name") if parts.get("name") is not None else "",
        _send(reading, parts["send"], f"{path}.send") if parts.get("send") is not None else (),
        _within(reading, parts["wait"], f"{path}.wait") if parts.get("wait") is not None else None,
    )


def _url(reading: Reading, data: Any, path: str) -> str:
    url = reading.text(data, path, LONGEST)
    if not url:
        return ""
    try:
        target = read_target(url)
    except TargetError as error:
        reading.wrong("bad_url", path, error.message, N_("such as: https://crm.example.vn/hooks"))
        return ""
    if not target.secure:
        message, mend = N_("https:// is needed"), N_("or let the operator set NURTURE_WEBHOOK_ALLOW to %(host)s")
        reading.wrong("insecure_url", path, message, mend, "warning", host=target.shown_host)
    return url


def _send(reading: Reading, data: Any, path: str) -> tuple[str, ...]:
    if not isinstance(data, list) or not data or len(data) > MOST_FIELDS:
        reading.wrong("not_a_list", path, N_("A list of fields belongs here"), N_("such as: [name, email]"))
        return ()
    known = {*SENDABLE, *(OWN + key for key in _own(reading))}
    for index, one in enumerate(data):
        if not isinstance(one, str) or one not in known:
            message = N_("There is no field “%(word)s” that can be sent")
            reading.unknown("unknown_field", f"{path}[{index}]", message, one, known)
    return tuple(str(one) for one in data)


def _own(reading: Reading) -> list[str]:
    """Keys of the installation's own fields."""
    return [key for key, fact in reading.facts.values.items() if fact.part]


def _within(reading: Reading, data: Any, path: str) -> timedelta:
    parts = reading.mapping(data, path, optional=(OK, FAILED, "within"))
    found = reading.span(parts["within"], f"{path}.within") if parts.get("within") is not None else None
    return found or WITHIN


def ways(value: Any) -> Mapping[str, Any]:
    """The lists of steps of both ways, when it waits; one that is not written leads straight on."""
    wait = value.get("wait") if isinstance(value, Mapping) else None
    return {way: wait.get(way) or [] for way in (OK, FAILED)} if isinstance(wait, Mapping) else {}


def place(way: str) -> str:
    """Where the steps of a way stand."""
    return f"wait.{way}"


def label(config: Webhook, way: str, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """Taken, or not taken in time."""
    if way == OK:
        return translate(language, "taken")
    return translate(language, "not taken within %(span)s", span=spoken(config.within or WITHIN, language))


def act(config: Webhook, moment: Moment) -> Go | Hold:
    """Ask for it; then go straight on, or hold until there is an answer or the time is over."""
    call = CallWebhook(config.url, config.name, config.send)
    if config.within is None:
        return Go(effects=(call,))
    if moment.answer is not None:
        way = OK if moment.answer["state"] == OK else FAILED
        return Go(way, way, at=moment.answer["at"])
    until = moment.after(config.within)
    if moment.planned < until:
        return Hold(until, effects=(call,))
    return Go(FAILED, FAILED)


def describe(config: Webhook, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Tell crm (crm.example.vn)`."""
    try:
        host = read_target(config.url).shown_host
    except TargetError:
        host = "?"
    if config.within is None:
        return translate(language, "Tell “%(name)s” (%(host)s)", name=config.name, host=host)
    span = spoken(config.within, language)
    return translate(
        language, "Tell “%(name)s” (%(host)s) and wait up to %(span)s for the answer",
        name=config.name, host=host, span=span,
    )  # fmt: skip
