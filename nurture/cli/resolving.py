"""`nurture sends resolve`: emails that may have arrived, and what somebody says of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.engine import Connection, Row

from nurture.broadcasts import store as broadcasts
from nurture.campaigns import store as campaigns
from nurture.cli.options import json_option, yes_option
from nurture.cli.output import confirm, instant, report, table
from nurture.cli.sends import sends
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.delivery import resolve as resolving
from nurture.delivery.resolve import PART, Resolution, Which
from nurture.kernel.context import Context
from nurture.kernel.errors import NotFoundError

_SHOWN = 100
_TIMES = click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"])


@sends.command(help=_("Resolve emails that may have arrived. Without --as they are listed."))
@click.argument("numbers", nargs=-1, type=int, metavar=_("[NUMBER …]"))
@click.option("--campaign", "key", metavar=_("KEY"), help=_("The emails of one campaign only."))
@click.option("--broadcast", "cast", metavar=_("KEY"), help=_("The emails of one one-time email only."))
@click.option("--since", type=_TIMES, metavar=_("TIME"), help=_("Those that went at this time or later."))
@click.option("--until", type=_TIMES, metavar=_("TIME"), help=_("Those that went before this time."))
@click.option("--all", "every", is_flag=True, help=_("All of them."))
@click.option(
    "--as", "how", type=click.Choice([one.value for one in Resolution]),
    help=_("sent: they had gone. again: they are sent once more, the same mail with the same Message-ID and date."),
)  # fmt: skip
@click.option("--why", default="", metavar=_("TEXT"), help=_("How you know; kept with it."))
@yes_option
@json_option
@pass_state
def resolve(
    state: State, numbers: Sequence[int], key: str | None, cast: str | None, since: datetime | None,
    until: datetime | None, how: str | None, why: str, *, every: bool, yes: bool, as_json: bool,
) -> None:  # fmt: skip
    """List, or resolve."""
    narrowed = bool(numbers or key or cast or since or until)
    if how is not None and not why.strip():
        raise click.UsageError(_("Say with --why how you know"))
    if how is not None and not narrowed and not every:
        raise click.UsageError(_("Name the emails by number, campaign or time, or say --all"))
    with state.context() as context:
        zone = context.settings.local_zone
        with context.database.read() as conn:
            which = _which(conn, numbers, key, cast, (_at(since, zone), _at(until, zone)))
            count, rows = resolving.count(conn, which), resolving.listed(conn, which, limit=_SHOWN)
        if how is None:
            report([_data(row) for row in rows], _lines(rows, count, zone), as_json=as_json)
        else:
            if count and not yes:
                confirm(_question(how, count), _("Nothing was resolved."))
            done = _carried_out(context, which, Resolution(how), why)
            report({"resolved": done}, [_("Resolved: %(count)s", count=len(done))], as_json=as_json)


def _at(local: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if local is None else local.replace(tzinfo=zone).astimezone(UTC)


def _which(
    conn: Connection, numbers: Sequence[int], key: str | None, cast: str | None,
    span: tuple[datetime | None, datetime | None],
) -> Which:  # fmt: skip
    campaign = campaigns.get(conn, key) if key is not None else None
    if key is not None and campaign is None:
        raise NotFoundError(_("There is no campaign “%(key)s”", key=key))
    broadcast = broadcasts.get(conn, cast) if cast is not None else None
    if cast is not None and broadcast is None:
        raise NotFoundError(_("There is no one-time email “%(key)s”", key=cast))
    ids = tuple(numbers) if numbers else None
    return Which(ids, campaign.id if campaign else None, broadcast.id if broadcast else None, *span)


def _question(how: str, count: int) -> str:
    if how == Resolution.AGAIN:
        return _("Send %(count)s emails again? Those that had arrived after all arrive twice.", count=count)
    return _("Count %(count)s emails as sent?", count=count)


def _carried_out(context: Context, which: Which, how: Resolution, why: str) -> list[int]:
    done: list[int] = []
    while True:
        with context.database.write() as conn:
            part = resolving.resolve(conn, context, "cli", which, how, why)
        done += part
        if len(part) < PART:
            return done


def _lines(rows: Sequence[Row[Any]], count: int, zone: ZoneInfo) -> list[str]:
    if not rows:
        return [_("No email is unsure.")]
    head = (_("number"), _("to"), _("address"), _("email"), _("went"), _("mail server"), "Message-ID")
    shown = [
        (str(row.id), row.lead_name or "", row.address or "", row.template_key, _when(row, zone), row.route or "",
         row.header_id)
        for row in rows
    ]  # fmt: skip
    more = [_("The newest %(shown)s of %(count)s.", shown=len(rows), count=count)] if count > len(rows) else []
    advice = _(
        "Look for the Message-ID in the mail server's log, then say: nurture sends resolve NUMBER --as … --why …"
    )
    return [*table(head, shown), *more, advice]


def _when(row: Row[Any], zone: ZoneInfo) -> str:
    return instant(row.gone_at, zone) if row.gone_at else ""


def _data(row: Row[Any]) -> dict[str, Any]:
    names = ("id", "lead_public_id", "address", "template_key", "header_id", "campaign_key", "broadcast_key", "route")
    times = {name: getattr(row, name).isoformat() if getattr(row, name) else None for name in ("gone_at", "dated_at")}
    return {**{name: getattr(row, name) for name in names}, **times}
