"""Queries on alerts and on whom they go to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from nurture.alerts.model import Alert, AlertState, EmailWay, Hours, House, Mailing
from nurture.alerts.tables import alerts
from nurture.alerts.timing import hours
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.leads.tables import leads
from nurture.users.model import Person, Role
from nurture.users.store import Account, absences, by_id, everybody
from nurture.users.tables import users

a = alerts.c
_WAITING = (AlertState.OPEN.value, AlertState.LATER.value)


def _alert(row: RowMapping) -> Alert:
    return Alert(
        **{
            **row,
            "state": AlertState(row["state"]),
            "email": EmailWay(row["email"]),
            "reasons": tuple(row["reasons"] or ()),
        }
    )


def get(conn: Connection, alert_id: int, *, lock: bool = False) -> Alert:
    """The alert of this key; NotFoundError. `lock` holds the row until the transaction ends."""
    query = sa.select(alerts).where(a.id == alert_id)
    row = conn.execute(query.with_for_update(key_share=True) if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(N_("There is no such alert"))
    return _alert(row)


def for_person(conn: Connection, person: Person, now: datetime, limit: int = 50) -> list[Alert]:
    """What a person should look at now, the newest first: their own, and nobody's for those who see all leads."""
    mine = a.owner_id == person.id
    mine = sa.or_(mine, a.owner_id.is_(None)) if person.may_define else mine
    return _due(conn, mine, now, limit)


def for_everybody(conn: Connection, now: datetime, limit: int = 100) -> list[Alert]:
    """What anybody should look at now, the newest first: for who sees all leads."""
    return _due(conn, sa.true(), now, limit)


def is_due(now: datetime) -> sa.ColumnElement[bool]:
    """Alerts that somebody should look at now."""
    return sa.or_(a.state == AlertState.OPEN.value, sa.and_(a.state == AlertState.LATER.value, a.later_until <= now))


def _due(conn: Connection, whose: sa.ColumnElement[bool], now: datetime, limit: int) -> list[Alert]:
    query = sa.select(alerts).where(whose, is_due(now)).order_by(a.raised_at.desc(), a.id.desc())
    rows = conn.execute(query.limit(limit))
    return [_alert(row) for row in rows.mappings()]


def waiting_of_lead(conn: Connection, lead_id: int) -> list[Alert]:
    """A lead's alerts that wait for somebody."""
    rows = conn.execute(sa.select(alerts).where(a.lead_id == lead_id, a.state.in_(_WAITING)).order_by(a.id))
    return [_alert(row) for row in rows.mappings()]


def taken_back(conn: Connection, person_id: int, since: datetime, limit: int = 10) -> list[tuple[str, str, datetime]]:
    """A person's alerts that were withdrawn since then, the latest first: the lead's public id and name, and when."""
    name = sa.func.coalesce(sa.func.nullif(leads.c.name, ""), leads.c.email, leads.c.phone, "?")
    query = (
        sa.select(leads.c.public_id, name, a.ended_at)
        .select_from(alerts.join(leads, leads.c.id == a.lead_id))
        .where(a.owner_id == person_id, a.state == AlertState.WITHDRAWN.value, a.ended_at >= since)
        .where(a.ended_reason == Reason.VERDICT_CHANGED.value)
    )
    rows = conn.execute(query.order_by(a.ended_at.desc()).limit(limit))
    return [(public_id, lead, at) for public_id, lead, at in rows]


def latest(conn: Connection, trigger: str, lead_id: int) -> Alert | None:
    """A lead's last alert of this trigger; withdrawn ones do not count."""
    query = sa.select(alerts).where(a.lead_id == lead_id, a.trigger == trigger, a.state != AlertState.WITHDRAWN.value)
    row = conn.execute(query.order_by(a.raised_at.desc(), a.id.desc()).limit(1)).mappings().one_or_none()
    return _alert(row) if row else None


def update(conn: Connection, alert_id: int, **values: Any) -> None:
    """Set columns of one alert."""
    conn.execute(alerts.update().where(a.id == alert_id).values(**values))


def save_mailing(conn: Connection, alert_id: int, plan: Mailing, message_id: int | None = None) -> None:
    """Keep how an alert's email goes."""
    reason = plan.reason.value if plan.reason else ""
    values = {"email": plan.way.value, "email_reason": reason, "email_after": plan.after, "message_id": message_id}
    update(conn, alert_id, **values)


def mailed_since(conn: Connection, owner_id: int, since: datetime) -> int:
    """How many alert mails an owner has had at once since then."""
    query = sa.select(sa.func.count()).where(
        a.owner_id == owner_id, a.email == EmailWay.NOW.value, a.message_id.is_not(None), a.raised_at >= since
    )
    return int(conn.execute(query).scalar_one())


def raised_since(conn: Connection, trigger: str, since: datetime) -> int:
    """How many alerts of a trigger were raised since then."""
    query = sa.select(sa.func.count()).where(a.trigger == trigger, a.raised_at >= since)
    return int(conn.execute(query).scalar_one())


def digest_due(conn: Connection, now: datetime) -> bool:
    """Whether any alert waits for a digest that should go now."""
    return conn.execute(_IS_DIGEST_DUE, {"now": now}).first() is not None


def for_digest(conn: Connection, now: datetime) -> list[Alert]:
    """Alerts whose digest is due, by owner, the newest first; the rows are held."""
    query = sa.select(alerts).where(*_digested(now))
    rows = conn.execute(query.order_by(a.owner_id, a.raised_at.desc(), a.id.desc()).with_for_update(key_share=True))
    return [_alert(row) for row in rows.mappings()]


def _digested(now: datetime | sa.BindParameter[datetime]) -> tuple[sa.ColumnElement[bool], ...]:
    return a.email == EmailWay.DIGEST.value, a.message_id.is_(None), a.email_after <= now


_IS_DIGEST_DUE = sa.select(a.id).where(*_digested(sa.bindparam("now"))).limit(1)


def lock_owner(conn: Connection, user_id: int) -> Account | None:
    """The account, its row held: two alerts for one owner count one after the other."""
    conn.execute(sa.select(users.c.id).where(users.c.id == user_id).with_for_update(key_share=True))
    return by_id(conn, user_id)


def people(conn: Connection, roles: Sequence[Role]) -> list[Account]:
    """Everybody enabled who has one of these roles."""
    return [account for account in everybody(conn) if account.role in roles]


def hours_of(conn: Connection, owner: Account, house: House) -> Hours:
    """When an owner works."""
    away = tuple((one.first_day, one.last_day) for one in absences(conn, owner.id))
    return hours(owner.working_hours, owner.zone or house.zone, away)
