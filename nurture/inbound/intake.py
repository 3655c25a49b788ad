"""Taking mails in, from a pipe or a mailbox: read, acted on and committed together. Uses the database.

A mail that breaks what reads it, or what acts on it, is put aside with its error and never stops the others. When the
database does not answer nothing is taken, and whoever brings the mail keeps it.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from nurture.inbound.deciding import MAIL, UNREADABLE
from nurture.inbound.model import Return, What
from nurture.inbound.reading import read
from nurture.inbound.service import Applied, apply
from nurture.kernel.context import Context
from nurture.kernel.text import clean
from nurture.tracking.writer import brief

LARGEST = 2_000_000  # bytes of a mail that are taken; its beginning says what it is
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it was brought; without its bytes where the mailbox could not give them."""

    name: str  # within its mailbox; empty out of a pipe
    raw: bytes | None
    error: str = ""
    origin: str = ""  # what names it where its bytes are not known


def take(
    ctx: Context, mails: Sequence[Mail], also: Callable[[Connection, Sequence[Mail]], None] | None = None
) -> Applied:
    """Act on these mails in one transaction, with what else belongs into it; one by one when one of them breaks it.

    `also` is called with the mails of a transaction. Rings the bells after the commit.
    """
    real = ctx.clock.real()
    told = [(mail, _told(ctx, mail, real)) for mail in mails]
    try:
        applied = [_apply(ctx, told, also)]
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - found again, and noted, one by one
        _log.warning("inbound_batch_failed", error=type(error).__name__, mails=len(told))
        applied = [_alone(ctx, mail, returned, also, real) for mail, returned in told]
    if any(one.reacts for one in applied):
        ctx.wake.reactions.set()
    outcomes = sum((one.outcomes for one in applied), start=Applied().outcomes)
    return Applied(sum(one.new for one in applied), outcomes, any(one.reacts for one in applied))


def _told(ctx: Context, mail: Mail, real: datetime) -> list[Return]:
    if mail.raw is None:
        return [_aside(mail, mail.error, real)]
    try:
        return read(mail.raw, ctx.keys, real)
    except Exception as error:  # noqa: BLE001 - put aside, for a person to see
        return [_aside(mail, f"{type(error).__name__}: {error}", real)]


def _aside(mail: Mail, error: str, real: datetime) -> Return:
    key = hashlib.sha256(mail.raw if mail.raw is not None else mail.origin.encode()).hexdigest()[:32]
    return Return(What.OTHER, MAIL, f"{UNREADABLE}{key}", real, diagnostic=clean(error, 500))


def _apply(
    ctx: Context,
    told: Sequence[tuple[Mail, Sequence[Return]]],
    also: Callable[[Connection, Sequence[Mail]], None] | None,
) -> Applied:
    raws = {one.key: mail.raw for mail, returned in told for one in returned if mail.raw is not None}
    with ctx.database.write() as conn:
        applied = apply(conn, ctx, [one for _, returned in told for one in returned], raws=raws)
        if also is not None:
            also(conn, [mail for mail, _ in told])
    return applied


def _alone(
    ctx: Context,
    mail: Mail,
    returned: Sequence[Return],
    also: Callable[[Connection, Sequence[Mail]], None] | None,
    real: datetime,
) -> Applied:
    try:
        return _apply(ctx, [(mail, returned)], also)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - put aside, for a person to see
        _log.error("inbound_mail_put_aside", error=brief(error)[:300])
        return _apply(ctx, [(mail, [_aside(mail, f"{type(error).__name__}: {error}", real)])], also)
