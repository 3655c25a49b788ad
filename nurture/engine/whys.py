"""Why a lead is in a segment or a campaign or not, and why a message went or not: sentences, and trees of conditions.

Reads the database, writes nothing. What is computed and not kept is said to be as of now.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.model import Decided
from nurture.activities.store import Chosen, decisions_of
from nurture.campaigns import entries
from nurture.campaigns.model import Campaign, CampaignState
from nurture.campaigns.steps import kinds
from nurture.engine import explain, revisions
from nurture.engine.known import Known, Running
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import N_, translate
from nurture.kernel.reasons import SENTENCES, Reason, sentence
from nurture.leads.model import Lead
from nurture.messages import store as messages
from nurture.rules.describe import instant
from nurture.rules.evaluate import Trace
from nurture.rules.facts import Facts
from nurture.rules.model import Compare, Did, Exists, Group, Has
from nurture.rules.titles import Titles
from nurture.segments import store as segments
from nurture.segments.service import explain as explaining

# Every place of every reason's sentence, so that a missing one shows as a dash.
_GAPS = {name: "–" for text in SENTENCES.values() for name in re.findall(r"%\((\w+)\)s", text)}
_CAUSES: Mapping[str, str] = {
    "membership": N_("came into its segment"),
    "user": N_("put in by a person"),
    "cli": N_("put in by a person"),
    "activity": N_("did what it begins with"),
    "enrollment": N_("another campaign put the lead in"),
}
EARLY = frozenset({"wait_for", "task", "webhook"})  # steps that something may end before their time is over
_ENDED: Mapping[EnrollmentState, str] = {
    EnrollmentState.COMPLETED: N_("%(who)s went through the campaign “%(name)s” to its end"),
    EnrollmentState.EXITED: N_("%(who)s left the campaign “%(name)s”"),
    EnrollmentState.FAILED: N_("%(who)s is stuck in the campaign “%(name)s”: a step fails"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """For whom it is written: language, zone, titles of what is named, and the instant."""

    language: str
    zone: ZoneInfo
    titles: Titles
    now: datetime

    def say(self, text: str, **params: object) -> str:
        """A text in the reader's language; instants are written out."""
        shown = {key: self.at(one) if isinstance(one, datetime) else one for key, one in params.items()}
        return translate(self.language, text, **shown)

    def at(self, one: datetime) -> str:
        """An instant as the reader sees it."""
        return instant(one, self.language, self.zone)

    def because(self, code: str, params: Mapping[str, Any] | None) -> str:
        """The sentence of a reason code."""
        known = {key: self._shown(value) for key, value in (params or {}).items()}
        if "email" in known:
            known["email"] = self.titles.get("email", known["email"]) or known["email"]
        if code not in set(Reason):
            return code
        return translate(self.language, sentence(Reason(code), known), **(_GAPS | known))

    def _shown(self, value: Any) -> str:
        if isinstance(value, str) and len(value) > 15 and value[10:11] == "T":
            try:
                return self.at(datetime.fromisoformat(value))
            except ValueError:
                return value
        return str(value)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: the sentence, what stands behind it, and the conditions with what was seen, each under its heading."""

    holds: bool
    head: str
    lines: tuple[str, ...] = ()
    trees: tuple[tuple[str, Trace], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)  # for scripts


def segment(conn: Connection, lead: Lead, key: str, facts: Facts, reading: Reading) -> Told:
    """Why the lead is in a segment or not, as of now. NotFoundError when there is no such segment."""
    found = segments.get(conn, key)
    trace = explain.segment(conn, key, lead.id, facts, reading.now) if found else None
    if found is None or trace is None:
        raise NotFoundError(N_("There is no such segment"))
    name = found.named(reading.language)
    says = N_("%(who)s is in the segment “%(name)s”") if trace.holds else N_("%(who)s is not in the segment “%(name)s”")
    stays = [one for one in segments.of_lead(conn, lead.id, now_only=False) if one.key == key]
    lines = [_stay(stays[0], reading)] if stays else []
    if trace.holds != bool(stays and stays[0].left_at is None):
        lines.append(reading.say(N_("The list of the segment follows within a minute")))
    shown = {"segment": key, "joined_at": _iso(stays[0].joined_at) if stays else None,
             "left_at": _iso(stays[0].left_at) if stays else None}  # fmt: skip
    return Told(trace.holds, reading.say(says, who=_who(lead), name=name), tuple(lines), (("", trace),), shown)


def _stay(stay: Any, reading: Reading) -> str:
    if stay.left_at is None:
        return reading.say(N_("In it since %(at)s"), at=stay.joined_at)
    return reading.say(N_("Was in it from %(at)s to %(until)s"), at=stay.joined_at, until=stay.left_at)


def campaign(conn: Connection, lead: Lead, key: str, known: Known, facts: Facts, reading: Reading) -> Told:
    """Why the lead is in a campaign, waits in it, left it, or never was in it. NotFoundError without the campaign."""
    running = next((one for one in known.campaigns if one.key == key), None)
    if running is None:
        raise NotFoundError(N_("There is no such campaign"))
    mine = (enrollments.c.campaign_id == running.id, enrollments.c.lead_id == lead.id)
    latest = conn.execute(sa.select(enrollments).where(*mine).order_by(enrollments.c.id.desc()).limit(1)).one_or_none()
    if latest is not None and latest.state == EnrollmentState.ACTIVE.value:
        return _under_way(conn, lead, running, latest, facts, reading)
    return _outside(conn, lead, running, latest, facts, reading)


def _under_way(conn: Connection, lead: Lead, running: Running, row: Any, facts: Facts, reading: Reading) -> Told:
    own = revisions.load(conn, [row.revision_id], facts)[row.revision_id].campaign
    lines = [_entered(row, reading)]
    if own is not None and row.step in own.steps:
        step = own.steps[row.step]
        says = kinds()[step.kind].describe(step.config, reading.language, reading.titles)
        lines.append(reading.say(N_("Now at: %(step)s"), step=says))
    lines += _waiting(conn, row, reading, own)
    head = reading.say(
        N_("%(who)s is under way in the campaign “%(name)s”"), who=_who(lead), name=running.named(reading.language)
    )
    trees = _ends(conn, own, lead, facts, reading) if own is not None else []
    return Told(holds=True, head=head, lines=tuple(lines), trees=tuple(trees), facts=_plain(running, row))


def _waiting(conn: Connection, row: Any, reading: Reading, own: Campaign | None) -> list[str]:
    """Why it does not go on at once."""
    lines = []
    if row.error:
        lines.append(reading.say(N_("The step failed and is tried again: %(error)s"), error=row.error))
    if row.held:
        lines.append(reading.because(row.held, row.held_detail))
    if row.waits_for is not None:
        mail = messages.get(conn, row.waits_for)
        state = reading.say(mail.state) if mail is not None else ""
        lines.append(reading.say(N_("Waits for an email that has not been handed over yet (%(state)s)"), state=state))
    elif row.due_at is not None:
        step = own.steps.get(row.step) if own is not None else None
        early = step is not None and step.kind in EARLY
        later = N_("If nothing comes before, it goes on at %(at)s") if early else N_("Goes on at %(at)s")
        says = N_("Is due now") if row.due_at <= reading.now else later
        lines.append(reading.say(says, at=row.due_at))
    return lines


def _ends(conn: Connection, own: Campaign, lead: Lead, facts: Facts, reading: Reading) -> list[tuple[str, Trace]]:
    """How the lead stands to goal and exit condition."""
    asked = [(N_("The goal"), own.goal), (N_("Leaves early if"), own.exit_when)]
    found = []
    for title, rule in asked:
        if isinstance(rule, Group | Compare | Has | Did | Exists):
            trace = explaining(conn, rule, lead.id, reading.now, facts)
            if trace is not None:
                found.append((reading.say(title), trace))
    return found


def _outside(conn: Connection, lead: Lead, running: Running, row: Any, facts: Facts, reading: Reading) -> Told:
    name = running.named(reading.language)
    lines: list[str] = []
    if row is None:
        head = reading.say(N_("%(who)s has not been in the campaign “%(name)s”"), who=_who(lead), name=name)
    else:
        head = reading.say(_ENDED[EnrollmentState(row.state)], who=_who(lead), name=name)
        lines.append(_entered(row, reading))
        lines += _ended(row, reading)
    decided = decisions_of(conn, lead.id, [Decided.ENROLL], f"campaign:{running.key}", limit=1)
    lines += [_decided(one, reading) for one in decided if one.outcome == "no"]
    if running.state is not CampaignState.LIVE:
        lines.append(reading.say(N_("The campaign does not run now")))
    trees: list[tuple[str, Trace]] = []
    ways, _ = explain.stands(conn, lead, [running], None, facts, reading.now)
    for way in ways:
        if way.refusal is not None:
            lines.append(reading.because(way.refusal[0].value, way.refusal[1]))
        doors = [(entries.describe(one.entrance, reading.language, reading.titles)[0], one.trace) for one in way.doors]
        lines += [text for text, trace in doors if trace is None]
        trees += [(text, trace) for text, trace in doors if trace is not None]
        trees += [(reading.say(N_("And this must hold:")), way.when)] if way.when is not None else []
    return Told(
        holds=False, head=head, lines=tuple(dict.fromkeys(lines)), trees=tuple(trees), facts=_plain(running, row)
    )


def _entered(row: Any, reading: Reading) -> str:
    why = _CAUSES.get(str(row.cause).partition(":")[0])
    if why is None:
        return reading.say(N_("Entered %(at)s"), at=row.entered_at)
    return reading.say(N_("Entered %(at)s: %(why)s"), at=row.entered_at, why=reading.say(why))


def _ended(row: Any, reading: Reading) -> list[str]:
    lines = [reading.say(N_("Ended %(at)s"), at=row.ended_at)] if row.ended_at is not None else []
    lines += [reading.because(row.reason, row.detail)] if row.reason else []
    return lines + ([str(row.error)] if row.error else [])


def _decided(one: Chosen, reading: Reading) -> str:
    why = reading.because(one.reason, one.detail)
    return reading.say(N_("Decided %(at)s: %(why)s"), at=one.at, why=why)


def _plain(running: Running, row: Any) -> dict[str, Any]:
    if row is None:
        return {"campaign": running.key, "state": None}
    return {
        "campaign": running.key, "state": row.state, "step": row.step, "reason": row.reason, "held": row.held,
        "due_at": _iso(row.due_at), "entered_at": _iso(row.entered_at), "ended_at": _iso(row.ended_at),
    }  # fmt: skip


SENT = frozenset({"sent"})


def message(conn: Connection, message_id: int, reading: Reading) -> Told:
    """Why a message went, waits, or did not go. NotFoundError when there is none."""
    row = messages.get(conn, message_id)
    if row is None:
        raise NotFoundError(N_("There is no such message"))
    title = reading.titles.get("email", row.template_key) or row.template_key
    head = reading.say(N_("“%(email)s”: %(state)s"), email=title, state=reading.say(row.state))
    lines = [reading.because(row.reason, row.detail)] if row.reason else []
    lines.append(reading.say(N_("Planned for %(at)s"), at=row.planned_at))
    if row.gone_at is not None:
        lines.append(reading.say(N_("Went %(at)s"), at=row.gone_at))
    elif row.state in {"queued", "deferred"}:
        lines.append(reading.say(N_("Does not go before %(at)s"), at=row.not_before))
    lines += _attempted(messages.attempts_of(conn, message_id), reading)
    if row.lead_id is not None:
        told = decisions_of(conn, row.lead_id, [Decided.SEND], f"message:{message_id}", limit=5)
        lines += [_decided(one, reading) for one in told if one.reason != row.reason]
    shown = {"message": message_id, "state": row.state, "reason": row.reason, "planned_at": _iso(row.planned_at),
             "gone_at": _iso(row.gone_at)}  # fmt: skip
    return Told(row.state in SENT, head, tuple(dict.fromkeys(lines)), (), shown)


def _attempted(attempts: Sequence[Any], reading: Reading) -> list[str]:
    """What the last conversation came to."""
    if not attempts:
        return []
    last = attempts[-1]
    answer = " ".join(str(one) for one in (last.code, last.answer) if one)
    says = N_("Attempt %(number)s, %(at)s: %(outcome)s %(answer)s")
    said = reading.say(says, number=last.number, at=last.at, outcome=reading.say(last.outcome or ""), answer=answer)
    return [said.rstrip()]


def _who(lead: Lead) -> str:
    return lead.name or lead.email or lead.phone or str(lead.public_id)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
