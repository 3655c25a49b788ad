"""What tests of calls share: a context that may call this machine, campaigns that call, and what the outbox holds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from nurture.consents.tables import consents
from nurture.engine.calling import judge
from nurture.kernel.context import Context
from nurture.outbound.dispatch import Outbox
from nurture.outbound.model import Answer, Call, CallKind, Stage, Transport
from nurture.outbound.tables import outbox

SEGMENTS = """
everyone: {name: Everyone, when: {none: [{tag: nobody}]}}
"""
HEAD = """
key: tell
name: Tell
entry: {segment: everyone, existing: enroll}
"""


def hook(url: str, *, wait: str = "") -> str:
    """A campaign that tells another system, and then gives a tag."""
    waits = f", wait: {wait}" if wait else ""
    return (
        f"{HEAD}steps:\n  - {{id: crm, webhook: {{url: '{url}', name: crm{waits}}}}}\n  - {{id: told, add_tag: told}}\n"
    )


SMS = """
key: text
name: Text
entry: {segment: everyone, existing: enroll}
steps:
  - {id: hi, send_sms: {text: {vi: "Chào {{ lead.given_name }}", en: "Hi {{ lead.given_name }}"}}}
  - {id: done, add_tag: texted}
"""


def calling(context: Context, **settings: Any) -> Context:
    """The context, with 127.0.0.1 named."""
    return replace(context, settings=replace(context.settings, webhook_allow=("127.0.0.1",), **settings))


def agree_to_sms(context: Context, lead_ids: list[int]) -> None:
    """They agree to advertising by text message."""
    now = context.clock.engine()
    with context.database.write() as conn:
        conn.execute(consents.insert(), [_consent(lead_id, now) for lead_id in lead_ids])


def _consent(lead_id: int, now: datetime) -> dict[str, Any]:
    return {
        "lead_id": lead_id,
        "purpose": "advertising",
        "channel": "sms",
        "given": True,
        "method": "form",
        "proof": "yes",
        "origin": "test",
        "occurred_at": now,
        "recorded_at": now,
    }


def calls(context: Context, *columns: str) -> list[Any]:
    """The outbox in the order of writing, as tuples of these columns."""
    chosen = sa.select(*(outbox.c[c] for c in columns)).order_by(outbox.c.id)
    with context.database.read() as conn:
        return [tuple(row) for row in conn.execute(chosen)]


def worker(context: Context, carriers: Mapping[CallKind, Transport] | None = None) -> Outbox:
    """A worker of the outbox."""
    return Outbox(context, judge, carriers)


class Recorded:
    """A transport that answers as it is told, and keeps what it was given."""

    def __init__(self, *answers: Answer, repeats: bool = True) -> None:
        self.repeats = repeats
        self.given: list[Call] = []
        self._answers = list(answers)

    def hand_over(self, call: Call, at: datetime) -> Answer:
        self.given.append(call)
        return self._answers.pop(0) if self._answers else Answer(Stage.ANSWERED, 200)


def recorded(**carriers: Transport) -> dict[CallKind, Transport]:
    """Transports by kind; what is not named takes everything."""
    return {kind: carriers.get(kind.value, Recorded()) for kind in CallKind}
