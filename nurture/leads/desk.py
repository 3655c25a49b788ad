"""What a member of staff does to a lead by hand. Here stand the rights and the audit line of each.

It uses the database, in the caller's write transaction. Whoever may not see a lead is told there is none; whoever may
see but not change it gets a ForbiddenError.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from nurture.activities.model import CallOutcome, Kind
from nurture.activities.service import Activity, record
from nurture.kernel.errors import ForbiddenError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.text import clean
from nurture.leads import service, store
from nurture.leads.model import Filters, Lead, NewLead
from nurture.leads.normalize import tag_key
from nurture.users import service as staff
from nurture.users import store as accounts
from nurture.users.model import Person, Role, may_edit_lead

LONGEST_NOTE = 5_000
MOST_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Hand:
    """Who does it, and when in both times."""

    person: Person
    now: datetime
    real: datetime

    def stamps(self) -> dict[str, Any]:
        """Time, author and cause, as services take them."""
        return {"now": self.now, "real": self.real, "actor": self.person.actor, "cause": self.person.actor}


def see(conn: Connection, person: Person, public_id: str) -> Lead:
    """The lead, for somebody who may see it; NotFoundError for everybody else."""
    return store.by_public_id(conn, public_id, person)


def take(conn: Connection, person: Person, public_id: str) -> Lead:
    """The lead, for somebody who may change it."""
    lead = see(conn, person, public_id)
    if not may_edit_lead(person, lead.owner_id):
        raise ForbiddenError(N_("You may look at leads, not change them"))
    return lead


def audit(conn: Connection, hand: Hand, lead: Lead, action: str, detail: Mapping[str, Any] | None = None) -> None:
    """The audit line of something done to a lead."""
    subject = f"lead:{lead.public_id}"
    staff.note(conn, actor=hand.person.actor, action=action, subject=subject, at=hand.real, detail=detail)


def bring_in(conn: Connection, hand: Hand, new: NewLead) -> Lead:
    """A lead added by hand; a salesperson's own unless it says otherwise."""
    if not hand.person.may_edit:
        raise ForbiddenError(N_("You may look at leads, not change them"))
    if new.owner_id is None and hand.person.role is Role.SALES:
        new = replace(new, owner_id=hand.person.id)
    lead = service.add(conn, new, **hand.stamps())
    audit(conn, hand, lead, "lead.add")
    return lead


def correct(conn: Connection, hand: Hand, public_id: str, changes: Mapping[str, Any]) -> Lead:
    """Facts put right; only what differs is written."""
    lead = take(conn, hand.person, public_id)
    after = service.change(conn, lead.id, changes, **hand.stamps())
    if after != lead:
        audit(conn, hand, lead, "lead.change", {"fields": sorted(changes)})
    return after


def tag(conn: Connection, hand: Hand, public_id: str, label: str) -> bool:
    """Put a tag on; True when it was not there."""
    lead = take(conn, hand.person, public_id)
    if not tag_key(label):
        raise InputError([Problem("bad_tag", N_("A tag needs at least one letter or digit"), path="tag")])
    new = service.tag(conn, lead.id, label, **hand.stamps())
    if new:
        audit(conn, hand, lead, "lead.tag", {"tag": tag_key(label)})
    return new


def untag(conn: Connection, hand: Hand, public_id: str, label: str) -> bool:
    """Take a tag off; True when it was there."""
    lead = take(conn, hand.person, public_id)
    gone = service.untag(conn, lead.id, label, **hand.stamps())
    if gone:
        audit(conn, hand, lead, "lead.untag", {"tag": tag_key(label)})
    return gone


def too_many() -> InputError:
    """What says that so many leads are not changed in one go."""
    problem = N_("At most %(count)s leads can be changed at once: narrow the list first")
    return InputError([Problem("too_many", problem, params=(("count", str(MOST_AT_ONCE)),))])


def matching(conn: Connection, person: Person, filters: Filters) -> list[str]:
    """Public ids of all leads that the filters leave; InputError when they are too many to change at once."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = store.page(conn, person, filters, after, 500)
        found += [lead.public_id for lead in page.leads]
        after = page.after
        if len(found) > MOST_AT_ONCE:
            raise too_many()
        if after is None:
            return found


def note(conn: Connection, hand: Hand, public_id: str, text: str) -> None:
    """A note in the timeline."""
    lead = take(conn, hand.person, public_id)
    written = text.strip()[:LONGEST_NOTE]
    if not written:
        raise InputError([Problem("empty_note", N_("Write something first"), path="note")])
    _record(conn, hand, lead, Kind.NOTED, {"note": written})


def log_call(conn: Connection, hand: Hand, public_id: str, outcome: str, text: str = "") -> None:
    """A call and what came of it."""
    lead = take(conn, hand.person, public_id)
    if outcome not in set(CallOutcome):
        raise InputError([Problem("no_outcome", N_("Choose what came of the call"), path="outcome")])
    keep_call(conn, hand, lead.id, outcome, text)
    audit(conn, hand, lead, f"lead.{Kind.CALLED.value}")


def keep_call(conn: Connection, hand: Hand, lead_id: int, outcome: str, text: str, cause: str = "") -> None:
    """A call in the timeline. Whoever asks has looked at the rights; an empty outcome is one nobody has named."""
    actor = hand.person.actor
    detail = {"outcome": outcome, "note": text.strip()[:LONGEST_NOTE]}
    record(conn, Activity(lead_id, Kind.CALLED, hand.now, actor, cause or actor, detail=detail), real=hand.real)


def _record(conn: Connection, hand: Hand, lead: Lead, kind: Kind, detail: Mapping[str, Any]) -> None:
    actor = hand.person.actor
    record(conn, Activity(lead.id, kind, hand.now, actor, actor, detail=detail), real=hand.real)
    audit(conn, hand, lead, f"lead.{kind.value}")


def give_to(conn: Connection, hand: Hand, public_id: str, owner_id: int | None) -> int | None:
    """Another owner, or none; gives the owner before."""
    lead = take(conn, hand.person, public_id)
    if owner_id is not None:
        owner = accounts.by_id(conn, owner_id)
        if owner is None or owner.disabled_at or owner.role is Role.VIEWER:
            raise InputError([Problem("no_owner", N_("This person cannot be in charge of leads"), path="owner")])
    if service.set_owner(conn, lead.id, owner_id, **hand.stamps()):
        audit(conn, hand, lead, "lead.change_owner", {"before": lead.owner_id, "after": owner_id})
    return lead.owner_id


def stop_mail(conn: Connection, hand: Hand, public_id: str, why: str) -> bool:
    """No automatic mail from now on; True when it was not stopped already."""
    lead = take(conn, hand.person, public_id)
    stopped = service.pause_mail(conn, lead.id, why, **hand.stamps())
    if stopped:
        audit(conn, hand, lead, "lead.stop_mail", {"reason": clean(why)})
    return stopped


def resume_mail(conn: Connection, hand: Hand, public_id: str) -> bool:
    """Automatic mail may go again; True when it was stopped."""
    lead = take(conn, hand.person, public_id)
    resumed = service.resume_mail(conn, lead.id, **hand.stamps())
    if resumed:
        audit(conn, hand, lead, "lead.resume_mail")
    return resumed


def settle_conflict(conn: Connection, hand: Hand, public_id: str, conflict: int, *, keep_other: bool) -> None:
    """Decide between a lead's value and another that came in."""
    lead = take(conn, hand.person, public_id)
    if conflict not in {row["id"] for row in store.conflicts_of(conn, lead.id)}:
        raise NotFoundError(N_("There is no such conflict"))
    service.resolve_conflict(conn, conflict, keep_other=keep_other, **hand.stamps())
    audit(conn, hand, lead, "lead.settle_conflict", {"keep_other": keep_other})
