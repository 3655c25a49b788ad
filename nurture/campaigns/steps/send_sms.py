"""Send a text message, under the campaign's sending policy: `send_sms: {text: {vi: …, en: …}, if_held: skip}`.

`{{ lead.given_name }}` and the other fields of emails may stand in the text. Advertising needs consent
to text messages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.campaigns.effects import Go, IfHeld, Moment, SendSms
from nurture.campaigns.reading import Reading, texts_schema
from nurture.kernel.i18n import N_, translate, translate_plural
from nurture.kernel.text import in_language
from nurture.outbound.parts import MOST_PARTS
from nurture.outbound.text import LONGEST, check, least
from nurture.rules.titles import UNTITLED, Titles

_SHOWN = 60
_FIELDS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "text": texts_schema(LONGEST, "What it says, one text or one for each language: Hi {{ lead.given_name }} …"),
        "if_held": {
            "enum": [one.value for one in IfHeld],
            "description": "When it may not go at its time: wait until it may (as usual), or skip it.",
        },
    },
    "required": ["text"],
    "additionalProperties": False,
    "description": "Send a text message.",
}


@dataclass(frozen=True, slots=True)
class SendText:
    """What it says, by language, and what becomes of it when it may not go at its time."""

    text: Mapping[str, str] = field(default_factory=dict)
    if_held: IfHeld = IfHeld.WAIT


def read(reading: Reading, value: Any, path: str) -> SendText:
    """The text, as a template that can be used and is not too long."""
    parts = reading.mapping(value, path, required=("text",), optional=("if_held",))
    written = parts.get("text")
    texts = reading.texts(written, f"{path}.text", LONGEST) if written is not None else {}
    for language, text in texts.items():
        _check(reading, language, text, f"{path}.text.{language}" if isinstance(written, Mapping) else f"{path}.text")
        if not isinstance(written, Mapping):
            break  # one text for all languages
    return SendText(texts, reading.choice(parts.get("if_held", "wait"), f"{path}.if_held", IfHeld, IfHeld.WAIT))


def _check(reading: Reading, language: str, text: str, path: str) -> None:
    wrong = check(language, text)
    if wrong:
        reading.wrong("bad_template", path, N_("The text cannot be filled in: %(error)s"), error=wrong)
    size = least(text)
    if size.parts > MOST_PARTS:
        message = N_("The text has %(parts)s parts before any field is filled in, at most %(limit)s are sent")
        mend = N_("a part holds 67 letters with Vietnamese marks, 153 without")
        reading.wrong("too_long", path, message, mend, parts=size.parts, limit=MOST_PARTS)


def act(config: SendText, moment: Moment) -> Go:  # noqa: ARG001 - policy decides about the moment
    """Write it and go on; whether it may go now is the policy's to say."""
    return Go(effects=(SendSms(config.text, config.if_held),))


def describe(config: SendText, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`Send the text message “Hello …” (2 parts or more)`."""
    text = _FIELDS.sub("…", in_language(config.text, language))
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1].rstrip() + "…"
    one, many = (
        "Send the text message “%(text)s” (%(count)s part or more)",
        "Send the text message “%(text)s” (%(count)s parts or more)",
    )
    said = translate_plural(language, one, many, max(1, least(text).parts), text=" ".join(shown.split()))
    if config.if_held is IfHeld.SKIP:
        return translate(language, "%(step)s; leave it out when it may not go then", step=said)
    return said
