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
from nurture.alerts.reasons import stamp, texts
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.i18n import translate
from nurture.leads.model import Lead
from nurture.leads.store import by_ids
from nurture.messages.values import lead_values, shown_phone, staff_values
from nurture.opportunities.tables import opportunities
from nurture.users.store import Account

_CONTACTS = (Kind.CALLED.value, Kind.MEETING.value, Kind.NOTED.value)


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands behind one alert."""

    lead: Lead
    product: str
    last_contact: datetime | None
    next_mail: datetime | None

    def who(self, language: str) -> str:
        """The lead as people say it: `chị Mai (An Phát)`."""
        name = self.lead.name or self.lead.email or self.lead.phone or ""
        called = f"{self.lead.honorific} {name}" if self.lead.honorific and language == "vi" else name
        return f"{called} ({self.lead.company})" if self.lead.company else called


def facts_of(conn: Connection, alerts: Sequence[Alert], now: datetime) -> dict[int, Facts]:
    """What stands behind these alerts, by alert id, in a few queries for all."""
    lead_ids = sorted({alert.lead_id for alert in alerts})
    people = by_ids(conn, lead_ids)
    products = _products(conn, [alert.opportunity_id for alert in alerts if alert.opportunity_id is not None])
    contacts = _latest_contacts(conn, lead_ids)
    mails = _next_mails(conn, lead_ids, now)
    return {
        alert.id: Facts(
            people[alert.lead_id],
            products.get(alert.opportunity_id or 0, ""),
            contacts.get(alert.lead_id),
            mails.get(alert.lead_id),
        )
        for alert in alerts
    }


def _products(conn: Connection, ids: Sequence[int]) -> dict[int, str]:
    query = sa.select(opportunities.c.id, opportunities.c.product_line).where(opportunities.c.id.in_(ids))
    return {row[0]: row[1] for row in conn.execute(query)}


def _latest_contacts(conn: Connection, lead_ids: Sequence[int]) -> dict[int, datetime]:
    a = activities.c
    query = sa.select(a.lead_id, sa.func.max(a.occurred_at)).where(a.lead_id.in_(lead_ids), a.kind.in_(_CONTACTS))
    return {row[0]: row[1] for row in conn.execute(query.group_by(a.lead_id))}


def _next_mails(conn: Connection, lead_ids: Sequence[int], now: datetime) -> dict[int, datetime]:
    e = enrollments.c
    query = sa.select(e.lead_id, sa.func.min(e.due_at)).where(
        e.lead_id.in_(lead_ids), e.state == EnrollmentState.ACTIVE.value, e.due_at > now
    )
    return {row[0]: row[1] for row in conn.execute(query.group_by(e.lead_id))}


def one(alert: Alert, facts: Facts, to: Account, house: House, title: str) -> dict[str, Any]:
    """The values of one alert's email."""
    shown = alert_values(alert, facts, to, house)
    lead = lead_values(facts.lead, facts.lead.company)
    return staff_values(to, house.values, alert=shown, lead=lead, title=title, url=shown["url"])


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
