"""Telling owners of what campaigns open or propose, many leads at once. Uses the database.

Their emails go with the next digest: a campaign may come to many leads in one moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record_set
from nurture.alerts.model import Alert, AlertState, EmailWay, Why
from nurture.alerts.tables import alerts
from nurture.alerts.triggers.proposal import KEY
from nurture.kernel.database import upsert
from nurture.kernel.i18n import LANGUAGES, N_, translate
from nurture.kernel.reasons import Reason
from nurture.kernel.text import in_language
from nurture.opportunities.model import NewOpportunity
from nurture.users.tables import users

_OPENED = N_("The campaign “%(campaign)s” opened an opportunity")
_PROPOSED = N_("The campaign “%(campaign)s” proposes an opportunity")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an owner is told: an opportunity that was opened, or one that opens when they accept."""

    new: NewOpportunity
    cause: str
    campaign: Mapping[str, str]  # its name by language
    owner_id: int | None
    opportunity_id: int | None = None

    @property
    def key(self) -> str:
        """Told once."""
        return f"{KEY}:{self.new.lead_id}:{self.cause}"

    def why(self, now: datetime) -> Why:
        """The reason it shows, with what opens on accepting."""
        text = _PROPOSED if self.opportunity_id is None else _OPENED
        named = {one: translate(one, text, campaign=in_language(self.campaign, one, "?")) for one in LANGUAGES}
        new = self.new
        return Why(KEY, now, named, {"name": new.name, "product_line": new.product_line, "value": new.value})


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal that nobody has answered yet."""

    cause: str
    owner: str
    raised_at: datetime


def waiting(conn: Connection, lead_ids: Sequence[int]) -> dict[int, Waiting]:
    """Of these leads those about whom somebody has a proposal to answer, the latest of each."""
    a = alerts.c
    query = (
        sa.select(a.lead_id, a.cause, users.c.name, a.raised_at)
        .select_from(alerts.outerjoin(users, users.c.id == a.owner_id))
        .where(a.lead_id.in_(sorted(set(lead_ids))), a.trigger == KEY, a.opportunity_id.is_(None))
        .where(a.state.in_([AlertState.OPEN.value, AlertState.LATER.value]))
        .order_by(a.id)
    )
    return {row.lead_id: Waiting(row.cause, row.name or "", row.raised_at) for row in conn.execute(query)}


def tell(conn: Connection, told: Sequence[Proposal], *, now: datetime, real: datetime) -> None:
    """Raise an alert for each, and the line in the lead's timeline. A second time it is there."""
    if not told:
        return
    by_key = {one.key: one for one in told}
    insert = upsert(conn.dialect.name, alerts).on_conflict_do_nothing(index_elements=["key"])
    written = conn.execute(insert.returning(alerts.c.id, alerts.c.key), [_row(one, now) for one in by_key.values()])
    lines = []
    for row in written.all():
        one = by_key[row.key]
        detail = {"alert": row.id, "trigger": KEY, "owner": one.owner_id}
        lines.append(Activity(one.new.lead_id, Kind.ALERTED, now, "engine", f"alert:{row.id}", detail=detail))
    record_set(conn, lines, real=real, react=False)


def _row(one: Proposal, now: datetime) -> dict[str, Any]:
    nobody = one.owner_id is None
    return {
        "key": one.key, "trigger": KEY, "lead_id": one.new.lead_id, "opportunity_id": one.opportunity_id,
        "owner_id": one.owner_id, "state": AlertState.OPEN.value, "reasons": [one.why(now).plain()], "raised_at": now,
        "cause": one.cause, "email": (EmailWay.NONE if nobody else EmailWay.DIGEST).value,
        "email_reason": Reason.NO_SALESPERSON.value if nobody else "", "email_after": None if nobody else now,
    }  # fmt: skip


def proposed(alert: Alert) -> NewOpportunity | None:
    """What opens when this alert is accepted; None when it proposes nothing."""
    if alert.trigger != KEY or alert.opportunity_id is not None:
        return None
    params: Mapping[str, Any] = next((one.get("params", {}) for one in alert.reasons if one["code"] == KEY), {})
    name, line, value = str(params.get("name") or ""), params.get("product_line"), params.get("value")
    return NewOpportunity(alert.lead_id, name, line, value)
