"""Telling owners what their leads wrote: an alert with the words, and a mail that they can answer. Uses the database.

Each reply is told once, by its activity; there is no cooldown, since a second letter says something else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.alerts import store
from nurture.alerts.model import Alert, AlertState, EmailWay, House, Moment, Why
from nurture.alerts.notifiers import notifiers
from nurture.alerts.raised import Raised
from nurture.alerts.tables import alerts
from nurture.alerts.triggers import triggers
from nurture.alerts.triggers.replied import KEY
from nurture.kernel.database import upsert
from nurture.kernel.i18n import LANGUAGES, N_, translate
from nurture.kernel.text import clean
from nurture.leads.tables import leads
from nurture.messages.store import languages
from nurture.opportunities.model import AlertLimits
from nurture.users.model import Role

LONGEST = 2_000  # characters of a reply that stand in a mail to its owner
_SHORT = 160
_OLDER = "staff_notify"  # where the installation's emails have none for replies yet
_SAID = N_("Wrote: “%(words)s”")
_NO = N_("Says no to email: “%(words)s”")
_HONORED = N_("Said no to email, and gets none any more: “%(words)s”")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a lead wrote."""

    lead_id: int
    cause: str  # `activity:12`
    text: str
    refusal: str = ""  # the words that say no
    honored: bool = False  # the refusal was, since it was all that was written
    return_id: int | None = None

    @property
    def key(self) -> str:
        """Told once."""
        return f"{KEY}:{self.lead_id}:{self.cause}"

    def why(self, now: datetime) -> Why:
        """The reason it shows: the words, and what they say."""
        text = (_HONORED if self.honored else _NO) if self.refusal else _SAID
        words = clean(self.refusal or self.text, _SHORT) or "…"
        named = {one: translate(one, text, words=words) for one in LANGUAGES}
        params = {"text": self.text[:LONGEST], "refusal": self.refusal, "honored": self.honored, "of": self.return_id}
        return Why(KEY, now, named, params)


@dataclass(slots=True)
class _Plain:
    """The trigger with an email that every installation has."""

    TITLE: str
    TEMPLATE: str
    ROLES: tuple[Role, ...]

    def due(self, moment: Moment, /) -> bool:  # noqa: ARG002 - as the file's own
        return False


def tell(
    conn: Connection, told: Sequence[Letter], limits: AlertLimits, house: House, *, now: datetime, real: datetime
) -> list[Alert]:
    """Raise an alert for each reply, and have its owner told; gives those that were not told before."""
    if not told:
        return []
    query = sa.select(leads.c.id, leads.c.owner_id).where(leads.c.id.in_(sorted({one.lead_id for one in told})))
    owners = {row.id: row.owner_id for row in conn.execute(query)}
    trigger = triggers()[KEY]
    if not languages(conn, [trigger.TEMPLATE]).get(trigger.TEMPLATE):
        trigger = _Plain(trigger.TITLE, _OLDER, trigger.ROLES)
    raised = []
    for one in told:
        insert = upsert(conn.dialect.name, alerts).values(_row(one, owners.get(one.lead_id), now))
        new = conn.execute(insert.on_conflict_do_nothing(index_elements=["key"]).returning(alerts.c.id))
        number = new.scalar_one_or_none()
        if number is not None:
            alert = store.get(conn, int(number))
            for notifier in notifiers().values():
                notifier.notify(conn, Raised(alert, trigger, limits, house, now, real))
            raised.append(alert)
    return raised


def _row(one: Letter, owner_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "key": one.key, "trigger": KEY, "lead_id": one.lead_id, "opportunity_id": None, "owner_id": owner_id,
        "state": AlertState.OPEN.value, "reasons": [one.why(now).plain()], "raised_at": now, "cause": one.cause,
        "email": EmailWay.NONE.value,
    }  # fmt: skip


def looked(conn: Connection, lead_ids: Collection[int], *, now: datetime, actor: str) -> None:
    """Somebody has looked at what these leads wrote: their alerts are done."""
    waits = alerts.c.state.in_([AlertState.OPEN.value, AlertState.LATER.value])
    of = (alerts.c.trigger == KEY, alerts.c.lead_id.in_(sorted(set(lead_ids))))
    done = {"state": AlertState.ACCEPTED.value, "ended_at": now, "ended_by": actor}
    conn.execute(alerts.update().where(*of, waits).values(**done))
