"""`nurture tracking`: the hits of a mail or a lead with their verdicts, and judging old ones anew."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click
from sqlalchemy.engine import Connection

from nurture.cli.main import main
from nurture.cli.options import json_option, lead_at
from nurture.cli.output import Status, instant, report, say, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.engine import reclassifying
from nurture.engine.reclassifying import Tally
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import translate
from nurture.messages import store as message_store
from nurture.tracking import store
from nurture.tracking.model import VERDICTS, Verdict
from nurture.tracking.store import Kept
from nurture.tracking.verdict import VERSION, is_examined, sentence

_SHOWN = 200
_OFTEN = 2.0  # seconds between two lines about how far it is


@main.group()
def tracking() -> None:
    """Group of the commands below."""


@tracking.command(
    help=_("Show opens and clicks with their verdicts. Of a message by its number, of a lead by its email address.")
)
@click.argument("of", metavar=_("MESSAGE|LEAD"))
@json_option
@pass_state
def show(state: State, of: str, *, as_json: bool) -> None:
    """Show them."""
    with state.context() as context, context.database.snapshot() as conn:
        found = _of_message(conn, int(of)) if of.isdecimal() else store.of_lead(conn, lead_at(conn, of).id, _SHOWN)
        zone = context.settings.local_zone
    head = (_("time"), _("message"), _("event"), _("link"), _("verdict"), _("why"), _("program"), _("network"))
    rows = [_row(one, zone) for one in found]
    report([_data(one) for one in found], table(head, rows) if rows else [_("None so far.")], as_json=as_json)


def _of_message(conn: Connection, message_id: int) -> list[Kept]:
    found = store.of_message(conn, message_id, _SHOWN)
    if not found and message_store.get(conn, message_id) is None:
        raise NotFoundError(_("There is no message %(id)s", id=message_id))
    return found


def _word(one: Kept) -> str:
    """The verdict in a word."""
    if one.verdict is None:
        return _("not looked at yet")
    if is_examined(one.verdict, one.reasons, settled=one.settled):
        return _("being examined")
    return translate(LANGUAGE, VERDICTS[one.verdict])


def _row(one: Kept, zone: ZoneInfo) -> Sequence[object]:
    hit = one.hit
    why = ". ".join(sentence(code, LANGUAGE) for code in one.reasons)
    link = "" if hit.link is None else (hit.url or "")[:60]
    when = instant(hit.engine_at, zone)
    return (when, str(hit.message_id), hit.kind, link, _word(one), why, hit.agent[:60], hit.ip)


def _data(one: Kept) -> dict[str, object]:
    hit = one.hit
    return {
        "message": hit.message_id, "kind": hit.kind, "at": hit.engine_at.isoformat(), "link": hit.link, "url": hit.url,
        "method": hit.method, "agent": hit.agent, "network": hit.ip, "headers": dict(hit.headers),
        "verdict": one.verdict, "reasons": list(one.reasons), "version": one.version, "settled": one.settled,
        "counts": one.activity_id is not None,
    }  # fmt: skip


@tracking.command(
    help=_(
        "Judge kept opens and clicks anew. It goes by the rules of this version; what followed from those that turn "
        "out to be a machine's is taken back; what counts now gives its points. It may be stopped, and goes on where "
        "it was."
    )
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar=_("DAY"), help=_("Only those from this day on."))
@click.option("--dry-run", is_flag=True, help=_("Change nothing; say what would change."))
@json_option
@pass_state
def reclassify(state: State, since: datetime | None, *, dry_run: bool, as_json: bool) -> None:
    """Judge them anew."""
    with state.context() as context:
        start = None if since is None else since.replace(tzinfo=context.settings.local_zone).astimezone(UTC)
        total = reclassifying.outdated_hits(context, start)
        tally = Tally()
        told = _progress(tally, total, quiet=as_json)
        try:
            reclassifying.reclassify(context, tally, since=start, dry_run=dry_run, told=told)
        except KeyboardInterrupt:
            say(_("Stopped. What is done is done; the same command goes on."), err=True)
            raise SystemExit(Status.FINDINGS) from None
    report(_figures(tally, dry_run=dry_run), _lines(tally, dry_run=dry_run), as_json=as_json)


def _progress(tally: Tally, total: int, *, quiet: bool) -> Callable[[], None]:
    """Says every now and then how far it is."""
    last = [time.monotonic()]

    def tell() -> None:
        if not quiet and time.monotonic() - last[0] >= _OFTEN:
            last[0] = time.monotonic()
            say(_("%(done)s of %(total)s …", done=tally.hits, total=total), err=True)

    return tell


def _figures(tally: Tally, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run, "version": VERSION, "hits": tally.hits, "changed": tally.changed,
        "moved": [{"before": a, "after": b, "hits": n} for (a, b), n in sorted(tally.moved.items(), key=str)],
        "leads": len(tally.leads), "withdrawn": tally.withdrawn, "added": tally.added,
        "points_withdrawn": tally.points_withdrawn, "points_added": tally.points_added,
        "opportunities_withdrawn": tally.opportunities, "alerts_withdrawn": tally.alerts, "failed": tally.failed,
    }  # fmt: skip


def _lines(tally: Tally, *, dry_run: bool) -> list[str]:
    if not tally.hits:
        return [_("All opens and clicks are judged by the rules of this version.")]
    after = [one for one in Verdict if any(to is one for _before, to in tally.moved)]
    rows = [
        (_named(before), *(tally.moved[before, one] for one in after))
        for before in sorted({before for before, _to in tally.moved}, key=str)
    ]
    head = (_("before \\ now"), *(_named(one) for one in after))
    lines = [_("Only tried out: nothing has changed.")] if dry_run else []
    lines += table(head, rows)
    facts = (
        (_("with another verdict"), tally.changed), (_("leads concerned"), len(tally.leads)),
        (_("opens and clicks taken back"), tally.withdrawn), (_("opens and clicks that count now"), tally.added),
        (_("points taken back"), tally.points_withdrawn), (_("points given"), tally.points_added),
        (_("opportunities taken back"), tally.opportunities), (_("alerts taken back"), tally.alerts),
    )  # fmt: skip
    return [*lines, "", *table((_("what followed"), _("count")), facts)]


def _named(verdict: Verdict | None) -> str:
    return translate(LANGUAGE, VERDICTS[verdict]) if verdict is not None else "–"
