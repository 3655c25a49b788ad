"""A person is told when a mail server refuses us: administrators get a mail, once for each pause (queries).

The mail is a mail like any other and goes by another way, if there is one; where there is none, Today shows the pause,
and the mail is taken back when things are well again before it went. A server that is merely out of reach is told of
when that lasts. So is advertising that stopped because too many call it spam.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, Row

from nurture.alerts.reasons import stamp
from nurture.alerts.store import people
from nurture.delivery import route
from nurture.delivery.model import RouteTrouble
from nurture.delivery.state import PAUSED
from nurture.delivery.tables import routes
from nurture.kernel.i18n import N_, translate
from nurture.kernel.reasons import Reason
from nurture.kernel.settings import Settings
from nurture.messages.model import MessageClass, MessageState, NewMessage, Purposes, choose_language
from nurture.messages.service import set_state, write
from nurture.messages.store import languages
from nurture.messages.tables import messages
from nurture.messages.values import house_values, staff_values
from nurture.users.model import Role
from nurture.users.store import Account

_log = structlog.get_logger(__name__)
TEMPLATE = "staff_route"
OUT_OF_REACH = timedelta(minutes=10)  # for so long before anybody is told
_BETWEEN = timedelta(hours=6)  # mails about one route

_STOPPED = N_("The mail server “%(route)s” refuses our mail")
_GONE = N_("The mail server “%(route)s” cannot be reached")
_SPAM = N_("Advertising by “%(route)s” is paused: too many call it spam")
_WHAT = N_(
    "Nothing goes by it until it takes mail again. It is tried by itself, at least once an hour; what waits stays."
)
_WHAT_SPAM = N_("It stays so until a person lets it go on. Other mail goes as ever.")


def is_news(conn: Connection, real: datetime) -> bool:
    """Whether somebody has to be told, or a mail taken back; one query."""
    return conn.execute(sa.select(routes.c.key).where(sa.or_(_untold(real), _over())).limit(1)).first() is not None


def tell(conn: Connection, settings: Settings, *, now: datetime, real: datetime) -> int:
    """Tell of what has stopped, take back what is over; gives how many mails were written or taken back."""
    done = 0
    for row in conn.execute(sa.select(routes).where(_over()).order_by(routes.c.key)).all():
        done += _take_back(conn, row, now)
    for row in conn.execute(sa.select(routes).where(_untold(real)).order_by(routes.c.key)).all():
        done += _write(conn, row, settings, now, real)
    return done


def _stopped(real: datetime) -> sa.ColumnElement[bool]:
    r = routes.c
    lasts = sa.and_(r.trouble == RouteTrouble.REST.value, r.since <= real - OUT_OF_REACH)
    refused = sa.or_(r.trouble == RouteTrouble.PAUSE.value, lasts)
    return sa.or_(sa.and_(r.state == PAUSED, r.held_at.is_(None), refused), r.ads == "paused")


def _untold(real: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(_stopped(real), routes.c.told_at.is_(None))


def _over() -> sa.ColumnElement[bool]:
    r = routes.c
    stands = sa.and_(r.state == PAUSED, r.held_at.is_(None))
    return sa.and_(r.told_at.is_not(None), sa.not_(stands), sa.or_(r.ads.is_(None), r.ads != "paused"))


def _take_back(conn: Connection, row: Row[Any], now: datetime) -> int:
    """Things are well again: the next pause is told anew, and nobody is told of this one any more."""
    conn.execute(routes.update().where(routes.c.key == row.key).values(told_at=None))
    waits = messages.c.state.in_([MessageState.QUEUED.value, MessageState.DEFERRED.value])
    mine = messages.c.unique_key.startswith(f"route:{row.key}:", autoescape=True)
    found = conn.execute(sa.select(messages.c.id).where(waits, messages.c.template_key == TEMPLATE, mine)).scalars()
    return len(set_state(conn, list(found), MessageState.CANCELED, now=now, reason=Reason.DONE))


def _write(conn: Connection, row: Row[Any], settings: Settings, now: datetime, real: datetime) -> int:
    lately = row.mailed_at is not None and row.mailed_at > real - _BETWEEN
    change = {"told_at": real, **({} if lately else {"mailed_at": real})}
    conn.execute(routes.update().where(routes.c.key == row.key).values(change))
    _log.warning("route_paused", route=row.key, reason=row.reason, ads=row.ads or "")
    spoken = languages(conn, [TEMPLATE]).get(TEMPLATE, ())
    if lately or not spoken:
        return 0
    batch = [_mail(to, row, spoken, settings, now, real) for to in people(conn, [Role.ADMIN])]
    return sum(one is not None for one in write(conn, batch, now=now, real=real))


def _mail(
    to: Account, row: Row[Any], spoken: Sequence[str], settings: Settings, now: datetime, real: datetime
) -> NewMessage:
    language = choose_language((to.language, settings.language), spoken) or settings.language
    spam = row.state != PAUSED
    title = _SPAM if spam else _STOPPED if row.trouble == RouteTrouble.PAUSE.value else _GONE
    what = translate(language, _WHAT_SPAM if spam else _WHAT)
    since = stamp(row.ads_at if spam else row.since, to.zone or settings.zone)
    said = [] if spam or not row.reason else [route.sentence(row.reason, language)]
    values = staff_values(
        to, house_values(settings), title=translate(language, title, route=row.key),
        alert={"reasons": [{"text": what, "time": since}], "reply": said},
        url=f"{settings.base_url.rstrip('/')}/settings/relays",
    )  # fmt: skip
    return NewMessage(
        Purposes.ALERT, TEMPLATE, language, MessageClass.TRANSACTIONAL, now, user_id=to.id, values=values,
        unique_key=f"route:{row.key}:{real:%Y%m%dT%H%M%S}:{to.id}", address=to.email, priority=1,
    )  # fmt: skip
