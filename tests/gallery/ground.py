"""What golden rehearsals share: a campaign of the gallery played alone, and its mails as one would tell them."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from nurture.enrollments.tables import passages
from nurture.kernel.context import Context
from nurture.leads.model import Lifecycle, NewLead
from nurture.leads.store import tags_of
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.rehearsal.model import Act, Does
from nurture.rehearsal.report import Report
from nurture.rehearsal.testing import START, rehearsal
from nurture.rehearsal.ways import walkers
from nurture.segments.store import every, members

ROOT = Path(__file__).resolve().parents[2]
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
# Those of a campaign enter at the begin, and nothing else is found by looking: twice a day is often enough.
SELDOM = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a rehearsal, by the name of each lead."""

    report: Report
    mails: dict[str, list[str]] = field(default_factory=dict)  # `Mon 23/11 08:00 hello`
    ends: dict[str, str] = field(default_factory=dict)  # the reason, or `at STEP` of those under way
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    points: dict[str, float] = field(default_factory=dict)  # of engagement
    keys: dict[str, str] = field(default_factory=dict)  # public ids, which draws are made from
    kept: dict[str, set[str]] = field(default_factory=dict)  # who is in a segment that is kept by hand

    def ways(self, step: str) -> dict[str, int]:
        """How many went which way from a step."""
        return dict(next(one.outcomes for one in self.report.steps if one.step == step))

    def skipped(self, step: str) -> dict[str, int]:
        """How many mails of a step were left out, by reason."""
        return dict(next(one.skipped for one in self.report.steps if one.step == step))


def lead(name: str, *tags: str, lifecycle: Lifecycle = Lifecycle.LEAD, **fields: str) -> NewLead:
    """A made-up lead called so, with tags and fields of the house's own."""
    email = f"{name}@example.com"
    return NewLead(
        email=email, name=f"Nguyễn {name.title()}", source="website", language="vi", tags=tags, fields=fields,
        lifecycle=lifecycle,
    )  # fmt: skip


def act(name: str, does: Does, *, days: float = 0, hours: float = 0, email: str = "", link: str = "") -> Act:
    """What a lead does so long after the begin."""
    return Act(timedelta(days=days, hours=hours), f"{name}@example.com", does, email, link)


def said(name: str, outcome: str, *, days: float = 0, hours: float = 0) -> Act:
    """What came of the lead's task, so long after the begin."""
    return Act(timedelta(days=days, hours=hours), f"{name}@example.com", Does.FINISHES_TASK, outcome=outcome)


@contextmanager
def emails_of(campaign: str) -> Iterator[Path]:
    """A folder with the emails of one campaign, which is faster to read than all of them."""
    with TemporaryDirectory(prefix="nurture-") as name:
        for one in (ROOT / "templates_email").iterdir():
            if one.name.startswith(("_", campaign)):
                shutil.copytree(one, Path(name) / one.name)
        yield Path(name)


def play(
    campaign: str,
    people: Sequence[NewLead],
    *script: Act,
    days: int,
    look: timedelta = SELDOM,
    start: datetime = START,
    enters: bool = True,
) -> Told:
    """Play it with these leads. Nothing may be left out, or wait, without a reason.

    They come in at the begin, unless a campaign is to find for itself when.
    """
    folder = ROOT / "campaigns" / f"{campaign}.yaml"
    with (
        emails_of(campaign) as emails,
        rehearsal(
            folder, emails, campaign, people, days=days, script=script, look=look, start=start, enters=enters
        ) as played,
    ):
        told = _told(played.stage, played.report, campaign)
    assert told.report.complete
    assert not enters or told.report.enrolled == len(people)
    assert told.report.sent == sum(len(found) for found in told.mails.values())
    return told


def _told(stage: Context, report: Report, campaign: str) -> Told:
    told = Told(report)
    names = {}
    with stage.database.read() as conn:
        for row in conn.execute(sa.select(leads)):
            name = names[row.id] = row.email.partition("@")[0]
            told.points[name], told.keys[name] = row.engagement, row.public_id
        for one in every(conn):
            if one.by_hand:
                told.kept[one.key] = {names[number] for number in members(conn, one.key)}
        for number, found in tags_of(conn, list(names)).items():
            told.tags[names[number]] = found
        told.mails.update({name: [] for name in names.values()})
        for row in conn.execute(sa.select(messages).order_by(messages.c.gone_at, messages.c.id)):
            assert row.gone_at is not None or row.reason, f"{row.template_key} waits, and nobody knows why"
            if row.gone_at is not None and row.state != "skipped" and row.lead_id:
                wall = row.gone_at.astimezone(HANOI)
                key = row.template_key.removeprefix(f"{campaign}_")
                told.mails[names[row.lead_id]].append(f"{wall:%a %d/%m %H:%M} {key}")
        for row in conn.execute(sa.select(passages).where(passages.c.outcome == "skipped")):
            assert row.reason, f"{row.step} was left out, and nobody knows why"
        for one in walkers(conn, campaign, report.begun_at):
            told.ends[names[one.lead_id]] = one.reason or f"at {one.step}"
    return told
