"""`nurture broadcast`: one email to one segment: as a file, looked at, launched, held, stopped, accounted for."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import Connection

from nurture.broadcasts import preflight, service, store
from nurture.broadcasts.model import BroadcastState, free_key, may_try_again
from nurture.broadcasts.preflight import Look
from nurture.broadcasts.store import Stored
from nurture.campaigns import house as houses
from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import due, instant, report, say, table
from nurture.cli.standing import keep_segments
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.delivery import forecast
from nurture.kernel.context import Context
from nurture.kernel.i18n import N_, translate
from nurture.kernel.text import to_key
from nurture.kernel.yamlfile import Source
from nurture.kernel.yamlfile import read as read_yaml
from nurture.messages.store import summed

_STATES = {
    BroadcastState.DRAFT: N_("draft"),
    BroadcastState.SCHEDULED: N_("scheduled"),
    BroadcastState.SENDING: N_("sending out"),
    BroadcastState.PAUSED: N_("paused"),
    BroadcastState.DONE: N_("done"),
    BroadcastState.STOPPED: N_("stopped"),
    BroadcastState.ARCHIVED: N_("archived"),
}
key_argument = click.argument("key", metavar=_("KEY"))
confirm_option = click.option(
    "--confirm", type=int, metavar=_("NUMBER"),
    help=_("How many get it, as the check says; asked for when they are many or a large part gets nothing."),
)  # fmt: skip


@main.group()
def broadcast() -> None:
    """Group of the commands below."""


@broadcast.command(help=_("Keep a draft: out of a YAML file, or of a segment and an email."))
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar=_("FILE"))
@click.option("--name", metavar=_("NAME"), help=_("Its name."))
@click.option("--segment", metavar=_("KEY"), help=_("The segment's key."))
@click.option("--email", metavar=_("KEY"), help=_("The email's key."))
@json_option
@pass_state
def new(
    state: State, file: Path | None, name: str | None, segment: str | None, email: str | None, *, as_json: bool
) -> None:
    """Write a draft; one of the same key is changed."""
    if (file is None) == (name is None and segment is None and email is None):
        raise click.UsageError(_("Give a file, or --name, --segment and --email"))
    with state.context() as context, context.database.write() as conn:
        source = _written(file) if file is not None else _typed(conn, name, segment, email)
        now, real = context.clock.engine(), context.clock.real()
        stored = service.save(conn, source, by=None, now=now, real=real)
    kept = _("Kept as a draft: %(key)s. Look at it with: nurture broadcast check %(key)s", key=stored.key)
    report(_data(stored), [kept], as_json=as_json)


def _written(file: Path) -> Source:
    return read_yaml(file.read_text("utf-8", errors="replace"), str(file))


def _typed(conn: Connection, name: str | None, segment: str | None, email: str | None) -> Source:
    key = free_key(to_key(name or "")[:60], ["new", *store.keys(conn)])
    data = {"key": key, "name": name, "segment": segment, "email": email}
    return Source("", "", {one: value for one, value in data.items() if value is not None}, {})


@broadcast.command(help=_("Look at a draft before it goes. How many get it, why the others do not, what is in order."))
@key_argument
@json_option
@pass_state
def check(state: State, key: str, *, as_json: bool) -> None:
    """Look; the draft stays as it is."""
    with state.context() as context:
        seen = _looked(context, key)
        with context.database.read() as conn:
            chosen, house = service.definition(service.found(conn, key)), houses.live(conn)
            now, real = context.clock.engine(), context.clock.real()
            ahead = forecast.of_broadcast(conn, context.settings, chosen, house, seen.will, now=now, real=real)
        zone = context.settings.local_zone
    data = {**_look_data(seen), "through": ahead.end.isoformat() if ahead.end is not None else None}
    said = forecast.sentence(ahead, LANGUAGE, lambda at: instant(at, zone))
    report(data, [*_look_lines(seen), said], as_json=as_json)


def _looked(context: Context, key: str) -> Look:
    keep_segments(context)
    with context.database.read() as conn:
        stored = service.found(conn, key)
        chosen = service.definition(stored)
        return preflight.look(
            conn, stored, chosen, settings=context.settings, keys=context.keys, now=context.clock.engine(),
            other=service.other_of(conn, chosen),
        )  # fmt: skip


def _look_lines(seen: Look) -> list[str]:
    marks = {"good": "✓", "watch": "!", "bad": "✗"}
    lines = [seen.sentence(LANGUAGE), *(f"{marks[one.level.value]} {one.said(LANGUAGE)}" for one in seen.items)]
    if seen.must_confirm and not seen.forbidden:
        lines.append(_("To launch it: --confirm %(count)s", count=seen.will))
    return lines


def _look_data(seen: Look) -> dict[str, Any]:
    return {
        "key": seen.key, "audience": seen.audience, "will": seen.will, "refused": dict(seen.refused),
        "sentence": seen.sentence("en"), "confirm": seen.must_confirm, "forbidden": bool(seen.forbidden),
        "items": [{"level": one.level.value, "text": one.said("en")} for one in seen.items],
    }  # fmt: skip


@broadcast.command(help=_("Send a draft now."))
@key_argument
@confirm_option
@json_option
@pass_state
def send(state: State, key: str, confirm: int | None, *, as_json: bool) -> None:
    """Launch it now."""
    _launch(state, key, "now", confirm, as_json=as_json)


@broadcast.command(help=_("Send a draft at a time. Of the house's clock, or of each reader's own."))
@key_argument
@click.option("--at", metavar=_("TIME"), help=_("By the clock of the house, such as 2026-12-01 08:00."))
@click.option("--local", metavar=_("TIME"), help=_("By each reader's own clock."))
@click.option(
    "--past", type=click.Choice(["next_day", "now"]), default="next_day", show_default=True, metavar=_("CHOICE"),
    help=_("Where that time is over already: next_day or now."),
)  # fmt: skip
@confirm_option
@json_option
@pass_state
def schedule(
    state: State, key: str, at: str | None, local: str | None, past: str, confirm: int | None, *, as_json: bool
) -> None:
    """Launch it for a time."""
    if at is not None and local is not None:
        raise click.UsageError(_("Name one of --at and --local"))
    when = {"at": at} if at is not None else {"local": local, "past": past} if local is not None else None
    _launch(state, key, when, confirm, as_json=as_json)


def _launch(state: State, key: str, when: Any, confirm: int | None, *, as_json: bool) -> None:
    with state.context() as context:
        now, real = context.clock.engine(), context.clock.real()
        with context.database.write() as conn:
            stored = service.found(conn, key)
            if when is not None and stored.definition.get("when") != when:
                source = Source("", "", {**stored.definition, "when": when}, {})
                stored = service.save(conn, source, by=None, now=now, real=real)
        if when is None and stored.definition.get("when", "now") == "now":
            raise click.UsageError(_("Say when: --at or --local"))
        seen = _looked(context, key)
        if not as_json:
            say(seen.sentence(LANGUAGE), err=True)
        with context.database.write() as conn:
            stored = service.launch(
                conn, key, seen, by=None, house=context.settings.local_zone, now=now, real=real, confirmed=confirm
            )
        zone = context.settings.local_zone
    begins = due(stored.starts_at, now, zone) if stored.starts_at else ""
    report(_data(stored), [_("Launched: %(key)s; it begins %(due)s", key=key, due=begins)], as_json=as_json)


_DONE = {
    "pause": _("Pause a one-time email. Nothing of it goes until it is resumed."),
    "resume": _("Let a paused one-time email go on."),
    "stop": _("Stop a one-time email for good. What has not gone is taken back."),
    "archive": _("Put a one-time email away."),
    "edit": _("Take a scheduled one-time email back into a draft."),
}


def _add(verb: str) -> None:
    @broadcast.command(verb, help=_DONE[verb])
    @key_argument
    @json_option
    @pass_state
    def move(state: State, key: str, *, as_json: bool) -> None:
        with state.context() as context, context.database.write() as conn:
            now, real = context.clock.engine(), context.clock.real()
            stored = service.steer(conn, key, verb, by=None, now=now, real=real)
        report(_data(stored), [_("Done: %(name)s %(key)s", name=verb, key=key)], as_json=as_json)


for _verb in _DONE:
    _add(_verb)


@broadcast.command(help=_("Choose by hand which text of a test goes to the rest."))
@key_argument
@click.argument("variant", metavar=_("LETTER"))
@json_option
@pass_state
def choose(state: State, key: str, variant: str, *, as_json: bool) -> None:
    """Choose."""
    with state.context() as context, context.database.write() as conn:
        now, real = context.clock.engine(), context.clock.real()
        stored = service.choose(conn, key, variant.lower(), by=None, now=now, real=real)
    report(_data(stored), [_("Text %(letter)s goes to the rest", letter=variant.upper())], as_json=as_json)


@broadcast.command(
    help=_("Make a draft to those who did not get one. Of an email that has ended, where the reason may have passed.")
)
@key_argument
@click.option("--name", metavar=_("NAME"), help=_("Its name."))
@json_option
@pass_state
def again(state: State, key: str, name: str | None, *, as_json: bool) -> None:
    """Once more to the others."""
    with state.context() as context, context.database.write() as conn:
        before = service.found(conn, key)
        called = name or _("%(name)s, once more", name=before.name)[:120]
        now, real = context.clock.engine(), context.clock.real()
        stored = service.again(conn, key, name=called, by=None, now=now, real=real)
    kept = _("Kept as a draft: %(key)s. Look at it with: nurture broadcast check %(key)s", key=stored.key)
    report(_data(stored), [kept], as_json=as_json)


@broadcast.command("list", help=_("List all one-time emails, the newest first."))
@json_option
@pass_state
def list_(state: State, *, as_json: bool) -> None:
    """List."""
    with state.context() as context, context.database.read() as conn:
        every = store.every(conn)
        counts = store.counts(conn, [one.id for one in every])
        zone = context.settings.local_zone
    rows = [
        (one.key, translate(LANGUAGE, _STATES[one.state]), sum(counts.get(one.id, {}).values()),
         counts.get(one.id, {}).get("sent", 0), _moment(one.started_at or one.starts_at, zone), one.name)
        for one in every
    ]  # fmt: skip
    header = (_("key"), _("state"), _("audience"), _("sent"), _("begins"), _("name"))
    data = [{**_data(one), "states": counts.get(one.id, {})} for one in every]
    lines = table(header, rows) if rows else [_("There are no one-time emails yet: nurture broadcast new")]
    report(data, lines, as_json=as_json)


def _moment(at: datetime | None, zone: Any) -> str:
    return instant(at, zone) if at is not None else ""


@broadcast.command(help=_("Show a one-time email. Its definition, its account, the figures of its test."))
@key_argument
@json_option
@pass_state
def show(state: State, key: str, *, as_json: bool) -> None:
    """Show."""
    with state.context() as context, context.database.read() as conn:
        stored = service.found(conn, key)
        counted = store.tally(conn, stored.id)
        links = store.links(conn, stored)
    account = summed(counted)
    missed = sum(count for one, reason, count in counted if may_try_again(one, reason))
    data = {
        **_data(stored), "definition": dict(stored.definition), **account, "missed": missed,
        "test": stored.result, "winner": stored.winner,
        "links": [{"url": one.url, "people": one.people, "clicks": one.clicks} for one in links],
    }  # fmt: skip
    rows = [(translate(LANGUAGE, name), count) for name, count in account["states"].items() if count]
    lines = [f"{stored.name} ({key}): {translate(LANGUAGE, _STATES[stored.state])}"]
    lines += [_("Audience: %(count)s", count=account["audience"]), *table((_("state"), _("count")), rows)]
    if missed:
        again_with = _("%(count)s did not get it and may be written to again: nurture broadcast again %(key)s",
                       count=missed, key=key)  # fmt: skip
        lines.append(again_with)
    report(data, lines, as_json=as_json)


def _data(stored: Stored) -> dict[str, Any]:
    """For scripts."""
    return {
        "key": stored.key, "name": stored.name, "state": stored.state.value,
        "starts_at": stored.starts_at.isoformat() if stored.starts_at else None,
        "started_at": stored.started_at.isoformat() if stored.started_at else None,
        "ended_at": stored.ended_at.isoformat() if stored.ended_at else None,
    }  # fmt: skip
