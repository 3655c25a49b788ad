"""`email`: written at once within the owner's working hours and daily ceiling; else it waits for the digest.

An alert that has no owner goes to everybody of its trigger's roles, each at the start of their working hours.
"""

from datetime import datetime

from sqlalchemy.engine import Connection

from nurture.alerts import letters, store
from nurture.alerts.model import EmailWay, Mailing
from nurture.alerts.raised import Raised
from nurture.alerts.timing import day_start, mailing, working
from nurture.kernel.i18n import translate
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageClass, NewMessage, Purposes
from nurture.messages.service import write
from nurture.users.store import Account


def notify(conn: Connection, raised: Raised) -> None:
    """Write the email, or note when it goes and why not now."""
    if raised.alert.owner_id is None:
        _to_roles(conn, raised)
        return
    owner = store.lock_owner(conn, raised.alert.owner_id)
    if owner is None or owner.disabled_at is not None:
        store.save_mailing(conn, raised.alert.id, Mailing(EmailWay.NONE, Reason.NO_SALESPERSON))
        return
    hours = store.hours_of(conn, owner, raised.house)
    since = day_start(hours.zone, raised.now)
    plan = mailing(hours, raised.now, store.mailed_since(conn, owner.id, since), raised.limits.daily)
    message_id = _write(conn, raised, owner, f"alert:{raised.alert.id}") if plan.way is EmailWay.NOW else None
    store.save_mailing(conn, raised.alert.id, plan, message_id)


def _to_roles(conn: Connection, raised: Raised) -> None:
    since = day_start(raised.house.zone, raised.now)
    if store.raised_since(conn, raised.alert.trigger, since) > max(1, raised.limits.daily):
        store.save_mailing(conn, raised.alert.id, Mailing(EmailWay.NONE, Reason.DAILY_CEILING))
        return
    for person in store.people(conn, raised.trigger.ROLES):
        start = working(store.hours_of(conn, person, raised.house), raised.now)
        _write(conn, raised, person, f"alert:{raised.alert.id}:{person.id}", not_before=start)
    store.save_mailing(conn, raised.alert.id, Mailing(EmailWay.NOW))


def _write(
    conn: Connection, raised: Raised, to: Account, unique_key: str, not_before: datetime | None = None
) -> int | None:
    facts = letters.facts_of(conn, [raised.alert], raised.now)
    language = to.language or raised.house.language
    title = translate(language, raised.trigger.TITLE, who=facts[raised.alert.id].who(language))
    values = letters.one(raised.alert, facts[raised.alert.id], to, raised.house, title)
    message = NewMessage(
        Purposes.ALERT, raised.trigger.TEMPLATE, language, MessageClass.TRANSACTIONAL, raised.now,
        user_id=to.id, unique_key=unique_key, values=values, not_before=not_before, priority=1,
    )  # fmt: skip
    return write(conn, [message], now=raised.now, real=raised.real)[0]
