"""Hands a text message to an HTTP gateway. What it is sent and how its answer reads is set, not built in.

The places {phone} {text} {id} {token} are filled into the values of a parsed document, so that no text can reach out of
its place.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from nurture.outbound.conversation import Line, post
from nurture.outbound.model import Answer, Call, Stage
from nurture.outbound.target import TargetError, read_target

PHONES = ("e164", "plain", "national")


@dataclass(frozen=True, slots=True)
class GatewayTransport:
    """A gateway as its own handbook describes it."""

    url: str
    body: Mapping[str, Any]  # {"to": "{phone}", "content": "{text}"}
    header: str  # Authorization: Bearer {token}
    token: str
    line: Line
    is_form: bool = False  # form fields instead of JSON
    phone: str = "e164"  # +84901234567; plain: 84901234567; national: 0901234567
    good: str = ""  # CodeResult=100; empty: any 2xx
    reference: str = ""  # SMSID: where the gateway's own number stands
    repeats: bool = False  # it takes the same {id} twice as one

    def hand_over(self, call: Call, at: datetime) -> Answer:  # noqa: ARG002 - it says no time
        """Send one message."""
        try:
            target = read_target(self.url)
        except TargetError as error:
            return Answer(Stage.BLOCKED, text=error.message)
        places = {
            "phone": written(call.target, self.phone),
            "text": call.body,
            "id": call.webhook_id,
            "token": self.token,
        }
        document = filled(self.body, places)
        if self.is_form:
            raw, kind = urlencode({k: _plain(v) for k, v in document.items()}), "application/x-www-form-urlencoded"
        else:
            raw, kind = json.dumps(document, ensure_ascii=False), "application/json; charset=utf-8"
        headers = {"Content-Type": kind, "Idempotency-Key": call.webhook_id, **self._header()}
        return self._read(post(self.line, target, headers, raw.encode()))

    def _header(self) -> dict[str, str]:
        name, _, value = self.header.partition(":")
        return {name.strip(): value.strip().replace("{token}", self.token)} if self.token and name.strip() else {}

    def _read(self, answer: Answer) -> Answer:
        """What the gateway's own words mean."""
        if answer.stage is not Stage.ANSWERED or not (self.good or self.reference):
            return answer
        try:
            document = json.loads(answer.text)
        except ValueError:
            document = None
        path, _, wanted = self.good.partition("=")
        refused = bool(self.good) and found(document, path) != wanted
        return Answer(
            answer.stage,
            answer.status,
            answer.text,
            answer.wait_seconds,
            found(document, self.reference)[:100],
            refused,
        )


def written(e164: str, form: str) -> str:
    """A stored number as the gateway wants it."""
    if form == "plain":
        return e164.removeprefix("+")
    if form == "national" and e164.startswith("+84"):
        return "0" + e164.removeprefix("+84")
    return e164


def filled(document: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, Any]:
    """The document with its places filled, at any depth; keys stay as they are."""
    return {key: _filled(value, places) for key, value in document.items()}


def _filled(value: Any, places: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return filled(value, places)
    if isinstance(value, list):
        return [_filled(one, places) for one in value]
    if not isinstance(value, str):
        return value
    pieces = value.split("{")
    out = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        out.append(places[name] + rest if closed and name in places else "{" + piece)
    return "".join(out)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def found(document: Any, path: str) -> str:
    """The value at a dotted path (`data.0.id`) as text; empty where there is none."""
    for part in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return ""
    if not path or document is None:
        return ""
    return document if isinstance(document, str) else json.dumps(document)
