"""A yes that is confirmed by mail (double opt-in): the one mail that asks, the page behind its link, and the button.

It reads and writes. An address is asked once, for ever: a lead that does not answer is not asked again (Decree
91/2020, Article 13). GET shows, POST agrees; the words that were shown are what stands beside the yes. Where the
address has said no meanwhile, its own newer yes counts; nothing that stands there for another reason is lifted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.consents import service as consents
from nurture.consents.model import Channel, Method, Purpose
from nurture.consents.service import Said
from nurture.consents.store import standing_of
from nurture.consents.tables import askings
from nurture.consents.wording import Wording, wording
from nurture.kernel.context import Context
from nurture.kernel.database import upsert
from nurture.kernel.errors import ConflictError, InputError, Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.leads import store as leads
from nurture.leads.model import Lead
from nurture.messages import links
from nurture.messages import service as messages
from nurture.messages.model import MessageClass, NewMessage, Purposes
from nurture.messages.values import house_values
from nurture.tracking.refusal import masked
from nurture.tracking.store import survivor

TEMPLATE = "consent_asked"
_ORDER = (Purpose.ADVERTISING, Purpose.TRACKING)


@dataclass(frozen=True, slots=True)
class Asking:
    """What the page shows: the address masked, the words by purpose, and whether they were agreed to."""

    masked: str
    words: Mapping[str, str]
    agreed: bool
    language: str
    gone: bool = False  # the lead is no more, or has another address


def ask(
    conn: Connection, ctx: Context, lead: Lead, *, now: datetime, real: datetime, actor: str, proof: str = ""
) -> int:
    """Queue the one mail that asks this lead to agree; gives the message's id. `proof` is what was said before.

    InputError where there is no address, ConflictError where the address is closed, has agreed, or was asked before.
    """
    if not lead.email:
        raise InputError([Problem("no_address", N_("The lead has no email address"), path="email")])
    standing = standing_of(conn, ctx.keys, lead.id, lead.email)
    if standing.closed:
        raise ConflictError(N_("This address is closed: it is not asked"))
    if standing.agreed(Purpose.ADVERTISING):
        raise ConflictError(N_("The lead has agreed already"))
    language = lead.language if lead.language in LANGUAGES else ctx.settings.language
    words = {one.purpose.value: one.text for one in _words(ctx, language)}
    address_hash = ctx.keys.address_hash(lead.email)
    row = {
        "lead_id": lead.id, "address_hash": address_hash, "language": language, "words": words, "proof": proof,
        "asked_at": now, "asked_by": actor,
    }  # fmt: skip
    insert = upsert(conn.dialect.name, askings).values(row).on_conflict_do_nothing(index_elements=["address_hash"])
    if not conn.execute(insert).rowcount:
        raise ConflictError(N_("This address was asked before, and is not asked twice"))
    return _write(conn, ctx, lead, address_hash, words, language, now, real)


def _words(ctx: Context, language: str) -> list[Wording]:
    house = house_values(ctx.settings)["name"]
    return [wording(one, house, language) for one in _ORDER]


def _write(
    conn: Connection, ctx: Context, lead: Lead, address_hash: str, words: Mapping[str, str], language: str,
    now: datetime, real: datetime,
) -> int:  # fmt: skip
    link = ctx.settings.base_url + links.AGREE_PATH + links.agree_token(ctx.keys, lead.id, address_hash)
    message = NewMessage(
        Purposes.ASK, TEMPLATE, language, MessageClass.TRANSACTIONAL, now, lead_id=lead.id,
        unique_key=f"ask:{address_hash}", address=lead.email, priority=1,
        values={"agree_url": link, "wording": words[Purpose.ADVERTISING.value]},
    )  # fmt: skip
    (new,) = messages.write(conn, [message], now=now, real=real)
    if new is None:
        raise ConflictError(N_("This address was asked before, and is not asked twice"))
    return new


def look(ctx: Context, token: str) -> Asking | None:
    """What the page shows on GET; None for a token that is not ours. Changes nothing."""
    said = links.read_agree(ctx.keys, token)
    if said is None:
        return None
    with ctx.database.read() as conn:
        return _asking(conn, ctx, *said)


def agree(ctx: Context, token: str, *, tracking: bool, ip: str | None = None) -> Asking | None:
    """The lead says yes, and with `tracking` also to opens and clicks being kept. Said again it changes nothing."""
    said = links.read_agree(ctx.keys, token)
    if said is None:
        return None
    with ctx.database.write() as conn:
        row, lead = _found(conn, ctx, *said)
        if row is not None and lead is not None:
            chosen = [one for one in _ORDER if one is Purpose.ADVERTISING or tracking]
            _keep(conn, ctx, row, lead, chosen, ip)
        return _asking(conn, ctx, *said)


def _keep(
    conn: Connection, ctx: Context, row: Row[Any], lead: Lead, chosen: Sequence[Purpose], ip: str | None
) -> None:  # fmt: skip
    now, real = ctx.clock.engine(), ctx.clock.real()
    cause = f"asking:{row.id}"
    for purpose in chosen:
        words = Wording(purpose, row.words[purpose.value])
        how = Said(Method.PAGE, cause, "lead", cause, now, real, words.text, ip, words.version)
        consents.give(conn, ctx.keys, lead.id, lead.email, how, (purpose,), Channel.EMAIL)
    if row.agreed_at is None:
        conn.execute(askings.update().where(askings.c.id == row.id).values(agreed_at=now, ip=ip))


def _found(conn: Connection, ctx: Context, lead_id: int, address_hash: str) -> tuple[Row[Any] | None, Lead | None]:
    """What was asked, and the lead while its address is the one that was asked."""
    row = conn.execute(sa.select(askings).where(askings.c.address_hash == address_hash)).first()
    living = survivor(conn, lead_id) if row is not None else None
    lead = leads.by_ids(conn, [living])[living] if living is not None else None
    is_asked = lead is not None and lead.email is not None and ctx.keys.address_hash(lead.email) == address_hash
    return row, lead if is_asked else None


def _asking(conn: Connection, ctx: Context, lead_id: int, address_hash: str) -> Asking:
    row, lead = _found(conn, ctx, lead_id, address_hash)
    if row is None or lead is None or not lead.email:
        return Asking("", {}, agreed=False, language=row.language if row else ctx.settings.language, gone=True)
    standing = standing_of(conn, ctx.keys, lead.id, lead.email)
    agreed = row.agreed_at is not None and standing.agreed(Purpose.ADVERTISING)
    return Asking(masked(lead.email), row.words, agreed, row.language)


def of_lead(conn: Connection, lead_id: int) -> tuple[datetime, datetime | None] | None:
    """When this lead was asked, and when it agreed; None when it was not asked."""
    query = sa.select(askings.c.asked_at, askings.c.agreed_at).where(askings.c.lead_id == lead_id)
    row = conn.execute(query.order_by(askings.c.id.desc()).limit(1)).first()
    return None if row is None else (row.asked_at, row.agreed_at)
