"""What came of an email, in all its languages and revisions: who did what, and what machines did, apart. It reads.

People's doings are the activities that still count; machines' and suspects' are raw hits. Somebody who sees their own
leads only gets the figures of those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.tables import activities
from nurture.leads.store import visible
from nurture.leads.tables import leads
from nurture.messages.model import MessageState
from nurture.messages.tables import messages
from nurture.tracking.keeping import counted_before
from nurture.tracking.model import Verdict
from nurture.tracking.tables import hits
from nurture.users.model import Person

PAGE = 50
_MOST_LINKS = 200


class What(StrEnum):
    """A figure of the result, and the list behind it."""

    CLICKED = "clicked"
    OPENED = "opened"  # by a person's own program
    PROXIED = "proxied"  # fetched by the mail provider, for a reader or ahead of one
    REPLIED = "replied"
    REFUSED = "refused"
    COMPLAINED = "complained"
    EXAMINED = "examined"  # suspects that may still be cleared
    DOUBTED = "doubted"  # suspects for good: perhaps somebody the mail was passed on to
    MACHINE = "machine"


_KINDS = {
    What.CLICKED: Kind.CLICKED, What.OPENED: Kind.OPENED, What.PROXIED: Kind.OPENED, What.REPLIED: Kind.REPLIED,
    What.REFUSED: Kind.UNSUBSCRIBED, What.COMPLAINED: Kind.COMPLAINED,
}  # fmt: skip
_a, _h, _m = activities.c, hits.c, messages.c


@dataclass(frozen=True, slots=True)
class Link:
    """One address: how many people followed it, how often, and where in the email it first stood."""

    url: str
    position: int | None
    people: int
    clicks: int


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one email. `people`: leads, each once; `hits`: opens and clicks that are no person's, each."""

    states: Mapping[str, int]
    delivered: int  # of those sent: where the receiver told
    people: Mapping[What, int]
    hits: Mapping[What, int]
    links: Sequence[Link] = field(default_factory=tuple)

    @property
    def sent(self) -> int:
        """How many the mail server took, those among them that came back later included."""
        return self.states.get(MessageState.SENT.value, 0) + self.states.get(MessageState.BOUNCED.value, 0)


def result(conn: Connection, key: str, person: Person | None = None) -> Result:
    """What came of the email so far."""
    counted = sa.select(_m.state, sa.func.count(), sa.func.count(_m.delivered_at)).where(*_mails(key, person))
    rows = conn.execute(counted.group_by(_m.state)).all()
    return Result(
        {state: int(count) for state, count, _told in rows},
        sum(int(told) for _state, _count, told in rows),
        _people(conn, key, person),
        _hits(conn, key, person),
        _links(conn, key, person),
    )


def _mails(key: str, person: Person | None) -> list[sa.ColumnElement[bool]]:
    mine = [_m.template_key == key, _m.lead_id.is_not(None)]
    if person is None or person.sees_all:
        return mine
    return [*mine, _m.lead_id.in_(sa.select(leads.c.id).where(visible(person)))]


def _done(key: str, person: Person | None) -> list[sa.ColumnElement[bool]]:
    """What leads did with the email, as far as it counts."""
    mine = [_a.email_key == key, _a.withdrawn_at.is_(None), _a.kind.in_({one.value for one in _KINDS.values()})]
    if person is None or person.sees_all:
        return mine
    return [*mine, _a.lead_id.in_(sa.select(leads.c.id).where(visible(person)))]


_verdict = _a.detail["verdict"].as_string()


def _people(conn: Connection, key: str, person: Person | None) -> dict[What, int]:
    is_proxy = sa.case((_verdict == Verdict.PROXY.value, 1), else_=0)
    query = sa.select(_a.kind, is_proxy, sa.func.count(_a.lead_id.distinct())).where(*_done(key, person))
    found = {(kind, bool(proxy)): int(count) for kind, proxy, count in conn.execute(query.group_by(_a.kind, is_proxy))}
    return {what: found.get((kind.value, what is What.PROXIED), 0) for what, kind in _KINDS.items()}


def _hits(conn: Connection, key: str, person: Person | None) -> dict[What, int]:
    query = (
        sa.select(_h.verdict, _h.settled, sa.func.count())
        .select_from(messages.join(hits, _h.message_id == _m.id))
        .where(*_mails(key, person), _h.verdict.in_([Verdict.MACHINE.value, Verdict.SUSPECT.value]))
        .group_by(_h.verdict, _h.settled)
    )
    found = dict.fromkeys((What.MACHINE, What.EXAMINED, What.DOUBTED), 0)
    for verdict, settled, count in conn.execute(query):
        what = What.DOUBTED if settled else What.EXAMINED
        found[What.MACHINE if verdict == Verdict.MACHINE.value else what] += int(count)
    if person is None or person.sees_all:  # whose they were is no longer known
        before = counted_before(conn, key)
        found[What.MACHINE] += before.get(Verdict.MACHINE.value, 0)
        found[What.DOUBTED] += before.get(Verdict.SUSPECT.value, 0)
    return found


def _links(conn: Connection, key: str, person: Person | None) -> tuple[Link, ...]:
    people = sa.func.count(_a.lead_id.distinct())
    query = (
        sa.select(_a.url, sa.func.min(_a.detail["link"].as_integer()), people, sa.func.count())
        .where(*_done(key, person), _a.kind == Kind.CLICKED.value)
        .group_by(_a.url)
        .order_by(people.desc(), _a.url)
        .limit(_MOST_LINKS)
    )
    return tuple(Link(url or "", at, int(who), int(times)) for url, at, who, times in conn.execute(query))


@dataclass(frozen=True, slots=True)
class Who:
    """One line of a list: who did it, when, on which message. `reasons`: of a hit."""

    id: int
    lead: str  # public id
    name: str
    message_id: int | None
    at: datetime  # engine time
    url: str
    agent: str = ""
    reasons: tuple[str, ...] = ()


_NAMED = (leads.c.public_id, leads.c.name, leads.c.email, leads.c.phone)


def who(
    conn: Connection, key: str, what: What, person: Person | None, *, url: str = "", before: int | None = None
) -> tuple[list[Who], int | None]:
    """Who did it, the latest first, and the id to go on before."""
    found = (
        _doers(conn, key, what, person, url, before) if what in _KINDS else _hitters(conn, key, what, person, before)
    )
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def _doers(
    conn: Connection, key: str, what: What, person: Person | None, url: str, before: int | None
) -> list[Who]:  # fmt: skip
    query = (
        sa.select(_a.id, _a.message_id, _a.occurred_at, _a.url, *_NAMED)
        .select_from(activities.join(leads, leads.c.id == _a.lead_id))
        .where(*_done(key, person), _a.kind == _KINDS[what].value)
    )
    if what in {What.OPENED, What.PROXIED}:
        proxied = _verdict == Verdict.PROXY.value
        query = query.where(proxied if what is What.PROXIED else sa.not_(proxied))
    query = query.where(_a.url == url) if url else query
    query = query.where(_a.id < before) if before is not None else query
    rows = conn.execute(query.order_by(_a.id.desc()).limit(PAGE + 1))
    return [Who(row.id, row.public_id, _name(row), row.message_id, row.occurred_at, row.url or "") for row in rows]


def _hitters(conn: Connection, key: str, what: What, person: Person | None, before: int | None) -> list[Who]:
    verdict = Verdict.MACHINE if what is What.MACHINE else Verdict.SUSPECT
    query = (
        sa.select(_h.id, _h.message_id, _h.engine_at, _h.url, _h.agent, _h.reasons, *_NAMED)
        .select_from(messages.join(hits, _h.message_id == _m.id).join(leads, leads.c.id == _m.lead_id))
        .where(*_mails(key, person), _h.verdict == verdict.value)
    )
    if what is not What.MACHINE:
        query = query.where(_h.settled if what is What.DOUBTED else sa.not_(_h.settled))
    query = query.where(_h.id < before) if before is not None else query
    rows = conn.execute(query.order_by(_h.id.desc()).limit(PAGE + 1))
    return [
        Who(
            row.id, row.public_id, _name(row), row.message_id, row.engine_at, row.url or "", row.agent,
            tuple(row.reasons or ()),
        )
        for row in rows
    ]  # fmt: skip


def _name(row: Any) -> str:
    return row.name or row.email or row.phone or "?"
