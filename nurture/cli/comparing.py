"""`nurture campaigns compare` and `winner`: what came of the ways of a split, and which one newcomers go."""

import click

from nurture.campaigns import store as campaign_store
from nurture.campaigns.definition import from_revision
from nurture.campaigns.model import Campaign
from nurture.cli.definitions import campaigns
from nurture.cli.options import campaign_argument, json_option
from nurture.cli.output import report, say, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.enrollments import experiments
from nurture.enrollments.experiments import Counts, Kept, Told
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import translate
from nurture.kernel.reasons import SENTENCES
from nurture.segments import store as segment_store


@campaigns.command(help=_("Compare the ways of a campaign's splits. And its leads with and without email."))
@campaign_argument
@json_option
@pass_state
def compare(state: State, key: str, *, as_json: bool) -> None:
    """Compare."""
    with state.context() as context, context.database.read() as conn:
        stored = campaign_store.get(conn, key)
        if stored is None or not stored.definition:
            raise NotFoundError(_("There is no campaign “%(key)s”", key=key))
        campaign = from_revision(stored.definition, segment_store.facts(conn))
        splits, holdouts = experiments.compared(campaign.steps)
        told = experiments.told(conn, stored.id, key, splits, holdouts)
    data = [_data(step, told.counts.get(step, Counts()), told.kept.get(step)) for step in (*splits, *holdouts)]
    report(data, _lines(campaign, told) or [_("It compares nothing.")], as_json=as_json)


def _data(step: str, counts: Counts, kept: Kept | None) -> dict[str, object]:
    ways = {
        way: {"leads": leads, "clicks": counts.clicks.get(way, 0), "goals": counts.goals.get(way, 0)}
        for way, leads in counts.leads.items()
    }
    found: dict[str, object] = {"step": step, "ways": ways, "winner": None}
    if kept is not None:
        found |= {
            "winner": kept.winner,
            "reason": kept.reason.value,
            "detail": dict(kept.detail),
            "by": kept.decided_by,
            "at": kept.decided_at.isoformat(),
        }
    return found


def _lines(campaign: Campaign, told: Told) -> list[str]:
    splits, holdouts = experiments.compared(campaign.steps)
    rows = [
        (step, way, leads, one.clicks.get(way, 0) if step in splits else "", one.goals.get(way, 0))
        for step, one in ((step, told.counts.get(step, Counts())) for step in (*splits, *holdouts))
        for way, leads in sorted(one.leads.items())
    ]
    said = [
        f"{step}: {translate(LANGUAGE, SENTENCES[one.reason], **{'way': '', **one.detail})}"
        for step, one in told.kept.items()
        if step in splits
    ]
    header = (_("step"), _("way"), _("leads"), _("clicked"), _("goal reached"))
    return [*(table(header, rows) if rows else []), *said]


@campaigns.command(help=_("Choose the way that newcomers of a split go. Without one they go all ways again."))
@campaign_argument
@click.argument("step", metavar=_("STEP"))
@click.argument("way", metavar=_("WAY"), required=False, default="")
@pass_state
def winner(state: State, key: str, step: str, way: str) -> None:
    """Choose."""
    with state.context() as context, context.database.write() as conn:
        facts = segment_store.facts(conn)
        now, real = context.clock.engine(), context.clock.real()
        experiments.choose(conn, key, step, way, facts, now=now, real=real, actor="cli")
    text = _("Newcomers go the way “%(way)s” now", way=way) if way else _("Newcomers go all ways again")
    say(text)
