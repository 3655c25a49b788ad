"""What an alert's email sees: plain values in the reader's language and zone. Uses the database to read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.tables import activities
from nurture.alerts.model import Alert, House
from nurture.alerts.reasons import said, stamp, texts
from nurture.alerts.tables import alerts as alert_table
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.i18n import translate
from nurture.leads.model import Lead
from nurture.leads.store import by_ids
from nurture.messages.values import lead_values, shown_phone, staff_values
from nurture.opportunities.tables import opportunities
from nurture.users.store import Account

_LINES = 80  # of a reply
_CONTACTS = (Kind.CALLED.value, Kind.MEETING.value, Kind.NOTED.value)


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands behind one alert."""

    lead: Lead
    product: str
    opportunity: tuple[str, str] | None  # public id and name
    last_contact: datetime | None
    next_mail: datetime | None

    def who(self, language: str) -> str:
        """The lead as people say it: `chị Mai (An Phát)`."""
        name = self.lead.name or self.lead.email or self.lead.phone or ""
        called = f"{self.lead.honorific} {name}" if self.lead.honorific and language == "vi" else name
        return f"{called} ({self.lead.company})" if self.lead.company else called


def bare(alerts: Sequence[Alert], leads: Mapping[int, Lead]) -> dict[int, Facts]:
    """These alerts with their leads alone, by alert id."""
    return {alert.id: Facts(leads[alert.lead_id], "", None, None, None) for alert in alerts}


def facts_of(conn: Connection, alerts: Sequence[Alert], now: datetime) -> dict[int, Facts]:
    """What stands behind these alerts, by alert id, in two queries for all."""
    people = by_ids(conn, [alert.lead_id for alert in alerts])
    around = {row.id: row for row in conn.execute(_around([alert.id for alert in alerts], now))}
    return {alert.id: _facts(people[alert.lead_id], around[alert.id]) for alert in alerts}


def _facts(lead: Lead, row: Any) -> Facts:
    opened = (row.public_id, row.name) if row.public_id is not None else None
    return Facts(lead, row.product_line or "", opened, row.last_contact, row.next_mail)


def _around(ids: Sequence[int], now: datetime) -> sa.Select[Any]:
    """The opportunity of each alert, when its lead was last spoken to, when its next mail is due."""
    a, e, o = activities.c, enrollments.c, opportunities.c
    contact = sa.select(sa.func.max(a.occurred_at)).where(a.lead_id == alert_table.c.lead_id, a.kind.in_(_CONTACTS))
    mail = sa.select(sa.func.min(e.due_at)).where(
        e.lead_id == alert_table.c.lead_id, e.state == EnrollmentState.ACTIVE.value, e.due_at > now
    )
    columns = [alert_table.c.id, o.public_id, o.name, o.product_line]
    times = [contact.scalar_subquery().label("last_contact"), mail.scalar_subquery().label("next_mail")]
    joined = alert_table.outerjoin(opportunities, o.id == alert_table.c.opportunity_id)
    return sa.select(*columns, *times).select_from(joined).where(alert_table.c.id.in_(ids))


def one(alert: Alert, facts: Facts, to: Account, house: House, title: str) -> dict[str, Any]:
    """The values of one alert's email."""
    shown = alert_values(alert, facts, to, house)
    lead = lead_values(facts.lead, facts.lead.company)
    more = {}
    if wrote := said(alert):  # answering the mail answers the lead
        lines = str(wrote.get("text", "")).splitlines()[:_LINES]
        shown |= {"reply": lines, "refusal": wrote.get("refusal", "")}
        more = {"reply_to": {"email": facts.lead.email or "", "name": facts.lead.name}}
    return staff_values(to, house.values, alert=shown, lead=lead, title=title, url=shown["url"], **more)


def many(alerts: Sequence[Alert], facts: Mapping[int, Facts], to: Account, house: House) -> dict[str, Any]:
    """The values of a digest: its alerts, the newest first."""
    shown = [alert_values(alert, facts[alert.id], to, house) for alert in alerts]
    return staff_values(to, house.values, alerts=shown, url=f"{house.base_url.rstrip('/')}/")


def alert_values(alert: Alert, facts: Facts, to: Account, house: House) -> dict[str, Any]:
    """`alert.*`: whom to call, and why."""
    language, zone, lead = to.language or house.language, to.zone or house.zone, facts.lead
    phone = lead.phone or ""
    return {
        "lead_name": lead.name or lead.email or shown_phone(phone),
        "honorific": lead.honorific,
        "company": lead.company,
        "phone": phone,
        "phone_shown": shown_phone(phone) if phone else "",
        "zalo_url": f"https://zalo.me/{phone.removeprefix('+')}" if phone.startswith("+84") else "",
        "email": lead.email or "",
        "product": facts.product,
        "reasons": texts(alert.reasons, language, zone),
        "last_contact": stamp(facts.last_contact, zone) if facts.last_contact else translate(language, "never yet"),
        "next_mail": stamp(facts.next_mail, zone) if facts.next_mail else "",
        "url": house.lead_url(lead.public_id),
    }
