"""The lead's way out: what the page behind the unsubscribe link shows and what its buttons do. It reads and writes.

A token carries the keyed hash of the address it was sent to, so that a no is heard when message and lead are gone. GET
shows, POST acts (RFC 8058). Saying it twice changes nothing. Changing one's mind takes back the lead's own no only.
Where the database cannot take a wish, the disk does, and it is carried out as soon as the database is back.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from nurture.activities.model import Kind
from nurture.activities.service import Activity, record
from nurture.campaigns import house as houses
from nurture.consents import service as consents
from nurture.consents import store as standings
from nurture.consents.model import Channel, Method, Purpose, Standing, SuppressionReason, topic_scope
from nurture.consents.service import Said
from nurture.kernel.context import Context
from nurture.kernel.errors import OutsideError
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.leads.store import hold
from nurture.messages import links
from nurture.messages import service as messages
from nurture.messages.model import MessageClass
from nurture.policy.house import Topic
from nurture.tracking import confirming, store
from nurture.tracking.store import Addressee
from nurture.tracking.wishes import PAUSES, Ask, Wish, Wishes

_log = structlog.get_logger(__name__)
_PROOF = "The lead chose on the unsubscribe page of message %d to receive email again."
_FOLDER = "wishes"
_NO = SuppressionReason.UNSUBSCRIBED


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the page shows: the address masked (empty when not known), and how it stands now."""

    masked: str
    refused: bool
    language: str | None = None  # of the mail the link stood in
    topics: tuple[Topic, ...] = ()  # what may be refused one by one
    unwanted: frozenset[str] = frozenset()  # the topics that are refused
    paused_until: datetime | None = None
    tracked: bool = False
    kept: bool = False  # noted on the disk: it holds as soon as the database is back


def look(ctx: Context, token: str) -> Refusal | None:
    """What the page shows on GET; None for a token that is not ours. Changes nothing."""
    said = links.read_unsubscribe(ctx.keys, token)
    if said is None:
        return None
    try:
        with ctx.database.read() as conn:
            return _shown(ctx, conn, said, store.addressee(conn, said.message_id, said.lead_id))
    except (SQLAlchemyError, OSError) as error:
        _log.warning("refusal_page_without_database", error=type(error).__name__)
        return Refusal("", refused=False)


def unsubscribe(ctx: Context, token: str, *, via: str = "page", ip: str | None = None) -> Refusal | None:
    """The lead says no to everything. `via` is `page`, `one_click` when the mail program did it for them (RFC 8058), or
    `mailto`."""
    return _ask(ctx, _wish(ctx, Ask.LEAVE, token, via, ip))


def resubscribe(ctx: Context, token: str, *, ip: str | None = None) -> Refusal | None:
    """The lead changes their mind: takes back their own no, and nothing that stands there for another reason."""
    return _ask(ctx, _wish(ctx, Ask.RETURN, token, "page", ip))


def choose(
    ctx: Context, token: str, wanted: Collection[str], *, offered: Collection[str] = (), ip: str | None = None
) -> Refusal | None:
    """Of the topics that were offered (all of the house's, where it is not said) the lead wants mail about these."""
    wish = _wish(ctx, Ask.TOPICS, token, "page", ip)
    return _ask(ctx, replace(wish, wanted=tuple(wanted), offered=tuple(offered)))


def pause(ctx: Context, token: str, days: int, *, ip: str | None = None) -> Refusal | None:
    """The lead wants nothing for so many days: one of PAUSES; 0 ends the pause."""
    if days and days not in PAUSES:
        days = min(PAUSES, key=lambda one: abs(one - days))
    wish = _wish(ctx, Ask.PAUSE if days else Ask.RESUME, token, "page", ip)
    return _ask(ctx, replace(wish, days=days))


def untrack(ctx: Context, token: str, *, ip: str | None = None) -> Refusal | None:
    """The lead's opens and clicks are not to be kept any more."""
    return _ask(ctx, _wish(ctx, Ask.UNTRACK, token, "page", ip))


def drain(ctx: Context) -> int:
    """Carry out what was kept on the disk while the database was away; gives how many. Nothing counts twice.

    One that cannot be carried out stays, is told of, and holds up no other; a database that is away ends the round.
    """
    done = 0
    for path, wish in Wishes(ctx.settings.data_dir / _FOLDER).waiting():
        try:
            _carry_out(ctx, wish)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - those behind it said no as well
            _log.error("refusal_waits", file=path.name, ask=wish.ask.value, error=type(error).__name__)
            continue
        path.unlink(missing_ok=True)
        done += 1
    return done


def masked(address: str) -> str:
    """The address as a stranger who opens the link may see it: `m***@anphat.example`."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}" if domain else ""


def _wish(ctx: Context, ask: Ask, token: str, via: str, ip: str | None) -> Wish:
    return Wish(ask, token, via, ctx.clock.engine(), ctx.clock.real(), ip)


def _ask(ctx: Context, wish: Wish) -> Refusal | None:
    """Carry it out, or keep it on the disk. OutsideError when neither will take it."""
    if links.read_unsubscribe(ctx.keys, wish.token) is None:
        return None
    try:
        return _carry_out(ctx, wish)
    except (SQLAlchemyError, OSError) as error:
        _log.error("refusal_kept_on_disk", ask=wish.ask.value, error=type(error).__name__)
    try:
        Wishes(ctx.settings.data_dir / _FOLDER).keep(wish)
    except OSError as error:
        raise OutsideError(N_("It could not be noted. Please try again in some minutes.")) from error
    return Refusal("", refused=wish.ask is Ask.LEAVE, kept=True)


def _carry_out(ctx: Context, wish: Wish) -> Refusal | None:
    said = links.read_unsubscribe(ctx.keys, wish.token)
    if said is None:
        return None
    with ctx.database.write() as conn:
        addressee = store.addressee(conn, said.message_id, said.lead_id)
        if addressee.lead_id is not None:
            hold(conn, [addressee.lead_id])
        how = _said(wish, said)
        match wish.ask:
            case Ask.LEAVE:
                _leave(ctx, conn, said, addressee, how)
            case Ask.RETURN:
                _return(ctx, conn, said, addressee, how)
            case Ask.TOPICS:
                _topics(ctx, conn, said, addressee, how, wish)
            case Ask.PAUSE | Ask.RESUME:
                _pause(ctx, conn, said, addressee, how, wish.days)
            case Ask.UNTRACK:
                if addressee.lead_id is not None:
                    consents.withdraw(conn, addressee.lead_id, how, (Purpose.TRACKING,))
        shown = _shown(ctx, conn, said, addressee)
    ctx.wake.messages.set()
    return shown


def _leave(ctx: Context, conn: Connection, said: links.Refusal, addressee: Addressee, how: Said) -> None:
    """Suppress the address that was written to, and the lead's present one; take back what has not gone yet."""
    address = addressee.email if addressee.lead_id is not None else None
    new = False
    if address is not None:
        new = consents.unsubscribe(
            conn,
            ctx.keys,
            addressee.lead_id,
            address,
            how,
            message_id=said.message_id,
            campaign_key=addressee.campaign_key,
            email_key=addressee.email_key,
        )
    elif addressee.lead_id is not None:
        consents.withdraw(conn, addressee.lead_id, how)
    new |= consents.suppress_hash(conn, said.address_hash, _NO, said=how)
    if addressee.lead_id is not None:
        what = MessageClass.ADVERTISING
        messages.cancel(conn, addressee.lead_id, what, now=how.now, reason=Reason.UNSUBSCRIBED)
        if new:
            confirming.write(conn, ctx, said, addressee, _address(ctx, said, addressee), how)


def _return(ctx: Context, conn: Connection, said: links.Refusal, addressee: Addressee, how: Said) -> None:
    if not _is_refused(conn, said.address_hash):
        return
    if addressee.lead_id is not None:
        consents.give(conn, ctx.keys, addressee.lead_id, addressee.email, how, purposes=(Purpose.ADVERTISING,))
    consents.lift_hash(conn, said.address_hash, _NO, said=how)


def _topics(
    ctx: Context, conn: Connection, said: links.Refusal, addressee: Addressee, how: Said, wish: Wish
) -> None:  # fmt: skip
    """One line for each topic whose answer changed; mail about what is refused is taken back at its last look."""
    house = houses.live(conn)
    offered = [one.key for one in house.topics if not wish.offered or one.key in wish.offered]
    changed = False
    for address_hash in _hashes(ctx, said, addressee):
        for topic in offered:
            change = consents.lift_hash if topic in wish.wanted else consents.suppress_hash
            changed |= change(conn, address_hash, _NO, said=how, scope=topic_scope(topic))
    if changed:
        refused = [house.topic(one) for one in offered if one not in wish.wanted]
        _note(conn, said, addressee, how, {"refused": refused})


def _pause(
    ctx: Context, conn: Connection, said: links.Refusal, addressee: Addressee, how: Said, days: int
) -> None:  # fmt: skip
    """The newest wish holds: an earlier pause ends with it."""
    until = how.now + timedelta(days=days)
    reason = SuppressionReason.PAUSED
    changed = False
    for address_hash in _hashes(ctx, said, addressee):
        changed |= consents.lift_hash(conn, address_hash, reason, said=how)
        if days:
            changed |= consents.suppress_hash(conn, address_hash, reason, said=how, until=until)
    if not changed:
        return
    _note(conn, said, addressee, how, {"until": until.isoformat()} if days else {"resumed": True})
    if addressee.lead_id is not None:
        messages.look_again(conn, addressee.lead_id, Reason.PAUSED_BY_LEAD, now=how.now)


def _note(conn: Connection, said: links.Refusal, addressee: Addressee, how: Said, detail: dict[str, object]) -> None:
    if addressee.lead_id is None:
        return
    line = Activity(
        addressee.lead_id, Kind.PREFERENCES, how.now, how.actor, how.cause, message_id=said.message_id, detail=detail
    )
    record(conn, line, real=how.real)


def _hashes(ctx: Context, said: links.Refusal, addressee: Addressee) -> list[str]:
    """Of the address that was written to, and of the lead's present one."""
    present = [ctx.keys.address_hash(addressee.email)] if addressee.lead_id is not None and addressee.email else []
    return sorted({said.address_hash, *present})


def _said(wish: Wish, said: links.Refusal) -> Said:
    proof = _PROOF % said.message_id if wish.ask is Ask.RETURN else ""
    origin = f"unsubscribe:{wish.via}"
    return Said(Method.PAGE, origin, "lead", f"message:{said.message_id}", wish.now, wish.real, proof, wish.ip)


def _shown(ctx: Context, conn: Connection, said: links.Refusal, addressee: Addressee) -> Refusal:
    address = _address(ctx, said, addressee)
    lines = standings.suppressed(conn, [said.address_hash], Channel.EMAIL).get(said.address_hash, ())
    words = standings.given_of(conn, [addressee.lead_id], Channel.EMAIL) if addressee.lead_id is not None else {}
    stands = Standing(reachable=True, given=words.get(addressee.lead_id or 0, {}), suppressed=lines)
    now = ctx.clock.engine()
    return Refusal(
        masked(address or ""),
        stands.refuses_all,
        addressee.language,
        houses.live(conn).topics,
        stands.topics,
        stands.paused(MessageClass.ADVERTISING.value, now),
        stands.tracking,
    )


def _address(ctx: Context, said: links.Refusal, addressee: Addressee) -> str | None:
    """The address the token was made for, if somebody still knows it."""
    known = (addressee.written_to, addressee.email)
    return next((one for one in known if one and ctx.keys.address_hash(one) == said.address_hash), None)


def _is_refused(conn: Connection, address_hash: str) -> bool:
    lines = standings.suppressed(conn, [address_hash], Channel.EMAIL).get(address_hash, ())
    return Standing(reachable=True, given={}, suppressed=lines).refuses_all
