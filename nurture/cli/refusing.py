"""`nurture leads refuse`, `do-not-call`, `suppress`: noes that reached us otherwise than by a link."""

from pathlib import Path

import click

from nurture.campaigns import house as houses
from nurture.cli.leads import leads
from nurture.cli.options import email_argument, json_option, lead_at
from nurture.cli.output import report
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.consents import blocking
from nurture.consents.listing import LONGEST, Listed, read_list
from nurture.consents.model import Channel, Method, SuppressionReason
from nurture.consents.service import Said
from nurture.kernel.context import Context
from nurture.kernel.errors import InputError
from nurture.users.service import note

_ACTOR = "cli"


def _said(context: Context, origin: str, proof: str = "", method: Method = Method.PERSON) -> Said:
    now, real = context.clock.engine(), context.clock.real()
    return Said(method, origin, _ACTOR, _ACTOR, now, real, proof)


@leads.command(help=_("Keep that a lead said no, with the proof. It was said on the phone, in person or in a letter."))
@email_argument
@click.option("--channel", type=click.Choice([one.value for one in Channel]), default=Channel.EMAIL.value,
              help=_("What they refuse: email, text messages or calls."))  # fmt: skip
@click.option("--topic", default="", metavar=_("KEY"), help=_("Only this topic of the house's."))
@click.option("--method", type=click.Choice(["phone", "person", "paper", "reply"]), default="phone",
              help=_("How they said it."))  # fmt: skip
@click.option("--proof", required=True, metavar=_("TEXT"), help=_("Who said it, when, and to whom."))
@json_option
@pass_state
def refuse(state: State, email: str, channel: str, topic: str, method: str, proof: str, *, as_json: bool) -> None:
    """Refuse."""
    with state.context() as context, context.database.write() as conn:
        lead = lead_at(conn, email)
        known = [one.key for one in houses.live(conn).topics]
        if topic and topic not in known:
            raise InputError(_("There is no such topic; known are: %(known)s", known=", ".join(known) or "–"))
        said = _said(context, _ACTOR, proof, Method(method))
        new = blocking.refuse(conn, context.keys, lead, Channel(channel), said, topic)
        detail = {"channel": channel, "topic": topic, "method": method}
        note(conn, actor=_ACTOR, action="lead.refusal", subject=f"lead:{lead.public_id}", at=said.real, detail=detail)
        context.wake.reactions.set()
    words = _("The refusal is kept") if new else _("The same refusal stands there already")
    report({"new": new, "channel": channel, "topic": topic or None}, [words], as_json=as_json)


@leads.command(
    "do-not-call", help=_("Take in numbers that must not be called. They are not advertised to by text or call.")
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar=_("FILE"))
@json_option
@pass_state
def do_not_call(state: State, file: Path, *, as_json: bool) -> None:
    """Do not call."""
    found = _read(file, addresses=False)
    _take_in(state, file, found, found.numbers, (Channel.SMS, Channel.CALL), as_json=as_json)


@leads.command(help=_("Take in addresses that must not be written to."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar=_("FILE"))
@json_option
@pass_state
def suppress(state: State, file: Path, *, as_json: bool) -> None:
    """Suppress."""
    found = _read(file, numbers=False)
    _take_in(state, file, found, found.addresses, (Channel.EMAIL,), as_json=as_json)


def _read(file: Path, *, numbers: bool = True, addresses: bool = True) -> Listed:
    if file.stat().st_size > LONGEST:
        raise InputError(_("The file is too large; cut it into parts"))
    return read_list(file.read_text("utf-8", "replace"), numbers=numbers, addresses=addresses)


_PART = 5_000  # lines of a transaction: nobody else shall wait long


def _take_in(
    state: State, file: Path, found: Listed, values: tuple[str, ...], channels: tuple[Channel, ...], *, as_json: bool
) -> None:  # fmt: skip
    new = 0
    with state.context() as context:
        said = _said(context, f"list:{file.name}", method=Method.IMPORT)
        for start in range(0, len(values), _PART):
            with context.database.write() as conn:
                part = values[start : start + _PART]
                new += blocking.bar(conn, context.keys, part, channels, said, SuppressionReason.IMPORT)
        with context.database.write() as conn:
            detail = {"file": file.name, "read": len(values), "new": new}
            note(conn, actor=_ACTOR, action="suppressions.import", subject="suppressions", at=said.real, detail=detail)
    lines = [_("%(read)s read, %(new)s new entries", read=len(values), new=new)]
    if found.unread:
        shown = ", ".join(str(one) for one in found.unread[:10])
        lines.append(_("%(count)s lines could not be read: %(lines)s", count=len(found.unread), lines=shown))
    report({"read": len(values), "new": new, "unread": list(found.unread[:1000])}, lines, as_json=as_json)
