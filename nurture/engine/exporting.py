"""Everything that is kept of a lead, for the lead: as plain data, and as a page that can be read and printed (queries).

Every row that is theirs is given, with every column that is not merely a number of ours, so that nothing is left out by
somebody's choice. Secrets and what concerns others (keys, fences, who held a lease) are not theirs.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.tables import campaigns
from nurture.consents import store as standings
from nurture.consents.model import Channel
from nurture.engine.erasing import GONE, OF_LEAD, OF_MESSAGE, UNDER_WAY
from nurture.enrollments.tables import enrollments
from nurture.kernel.i18n import N_, translate
from nurture.kernel.signing import KeyRing
from nurture.leads import uniting
from nurture.leads.model import Lead
from nurture.leads.tables import companies, lead_tags, leads
from nurture.messages.tables import messages
from nurture.segments.tables import memberships, segments

_EMPTY: tuple[Any, ...] = (None, "", {}, [])
FORMAT = "nurture personal data, 1"

# What each part is called, in the order in which it is given.
TITLES: Mapping[str, str] = {
    "lead": N_("Who you are"),
    "companies": N_("Your company"),
    "consents": N_("What you agreed to or refused"),
    "refusals": N_("Addresses and numbers of yours that we do not write to"),
    "askings": N_("Where you were asked to agree"),
    "data_requests": N_("What you asked about your data"),
    "lead_tags": N_("Labels"),
    "memberships": N_("Groups"),
    "enrollments": N_("Campaigns"),
    "messages": N_("Emails to you"),
    "message_values": N_("Emails to you that are on their way"),
    "hits": N_("Opens and clicks"),
    "returns": N_("What came back to us"),
    "outbox": N_("Text messages"),
    "activities": N_("What happened"),
    "tasks": N_("What our people had to do"),
    "opportunities": N_("Sales talks"),
    "score_entries": N_("Points"),
    "lead_conflicts": N_("Values that contradicted each other"),
    "alerts": N_("What our people were told"),
    "decisions": N_("What we decided not to do"),
    "attempts": N_("Deliveries"),
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}"
    "h2{margin-top:2rem;border-bottom:1px solid #ccd}dl{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;"
    "gap:.1rem 1rem;margin:.5rem 0 1rem;padding-bottom:.5rem;border-bottom:1px dotted #ccd;break-inside:avoid}"
    "dt{color:#566}dd{margin:0;overflow-wrap:anywhere}"
    "@media(max-width:40rem){dl{display:block}dd{margin:0 0 .4rem}}"
)
# Ours, and nothing about the person.
_NOT_THEIRS = frozenset({
    "id", "lead_id", "message_id", "activity_id", "enrollment_id", "revision_id", "campaign_id", "template_revision_id",
    "user_id", "owner_id", "segment_id", "company_id", "broadcast_id", "opportunity_id", "merged_into", "fence",
    "lease_until", "lease_holder", "version", "settled", "policy", "priority", "search_text", "name_folded",
    "city_folded", "domain", "raw", "memory", "unique_key", "ended_by", "stirred",
})  # fmt: skip


def collect(conn: Connection, keys: KeyRing, lead: Lead, *, real: datetime) -> dict[str, Any]:
    """Everything kept of the lead, and of those merged into it, as plain data for JSON. Instants are ISO 8601, UTC."""
    ids = [lead.id, *uniting.merged_into(conn, lead.id)]
    parts: dict[str, list[dict[str, Any]]] = {
        "lead": _rows(conn, sa.select(leads).where(leads.c.id.in_(ids)).order_by(leads.c.id)),
        "refusals": _refusals(conn, keys, ids),
        "enrollments": _rows(
            conn,
            sa.select(campaigns.c.key.label("campaign"), enrollments)
            .join(campaigns, campaigns.c.id == enrollments.c.campaign_id)
            .where(enrollments.c.lead_id.in_(ids)).order_by(enrollments.c.id),
        ),
        "memberships": _rows(
            conn,
            sa.select(segments.c.key.label("segment"), memberships)
            .join(segments, segments.c.id == memberships.c.segment_id)
            .where(memberships.c.lead_id.in_(ids)).order_by(memberships.c.id),
        ),
    }  # fmt: skip
    of_company = sa.select(leads.c.company_id).where(leads.c.id.in_(ids))
    parts["companies"] = _rows(conn, sa.select(companies).where(companies.c.id.in_(of_company)))
    for table in (*OF_LEAD, *(one for one in GONE if one.name in TITLES)):
        first = lead_tags.c.tag if table is lead_tags else table.c.id
        parts[table.name] = _rows(conn, sa.select(table).where(table.c.lead_id.in_(ids)).order_by(first))
    theirs = sa.select(messages.c.id).where(messages.c.lead_id.in_(ids))
    for table in (*OF_MESSAGE, *UNDER_WAY):
        rows = sa.select(table).where(table.c.message_id.in_(theirs)).order_by(*table.primary_key)
        parts[table.name] = _rows(conn, rows)
    return {"format": FORMAT, "made_at": _plain(real), **{name: parts[name] for name in TITLES}}


def _rows(conn: Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    """Rows without what is ours, and without what is empty."""
    return [
        {name: _plain(value) for name, value in row.items() if name not in _NOT_THEIRS and value not in _EMPTY}
        for row in conn.execute(query).mappings()
    ]


def _refusals(conn: Connection, keys: KeyRing, ids: Sequence[int]) -> list[dict[str, Any]]:
    query = sa.select(leads.c.email, leads.c.phone).where(leads.c.id.in_(ids))
    ways = [
        (said, channel)
        for row in conn.execute(query)
        for said, channel in ((row.email, Channel.EMAIL), (row.phone, Channel.SMS), (row.phone, Channel.CALL))
        if said
    ]
    found = []
    for said, channel in ways:
        lines = standings.suppressed(conn, [keys.address_hash(said)], channel).values()
        found += [
            {"address": said, "channel": channel.value, "reason": one.reason.value, "scope": one.scope,
             "at": _plain(one.at)}
            for several in lines for one in several
        ]  # fmt: skip
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.hex() if isinstance(value, bytes) else value


def page(found: Mapping[str, Any], language: str, zone: ZoneInfo, house: str) -> str:
    """The same as a page of its own, without script and without anything from elsewhere."""
    title = translate(language, "What %(house)s keeps about you", house=house)
    made = _shown(found["made_at"], zone)
    parts = "".join(_part(name, found[name], language, zone) for name in TITLES if found[name])
    note = translate(language, "As of %(time)s. Times are in the zone %(zone)s.", time=made, zone=zone.key)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1><p>{escape(note)}</p>{parts}</body></html>"
    )


def _part(name: str, rows: Iterable[Mapping[str, Any]], language: str, zone: ZoneInfo) -> str:
    lists = "".join(f"<dl>{_terms(row, zone)}</dl>" for row in rows)
    return f"<section><h2>{escape(translate(language, TITLES[name]))}</h2>{lists}</section>"


def _terms(row: Mapping[str, Any], zone: ZoneInfo) -> str:
    return "".join(
        f"<dt>{escape(name.rstrip('_').replace('_', ' '))}</dt><dd>{escape(_words(value, zone))}</dd>"
        for name, value in row.items()
    )


def _words(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_words(one, zone)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(one, zone) for one in value)
    return _shown(value, zone) if isinstance(value, str) else str(value)


def _shown(text: str, zone: ZoneInfo) -> str:
    """An instant in the reader's zone; any other text as it is."""
    if len(text) < len("2026-01-01T00:00:00+00:00") or text[10:11] != "T":
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return at.astimezone(zone).strftime("%d/%m/%Y %H:%M") if at.tzinfo else text
