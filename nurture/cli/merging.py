"""`nurture leads duplicates` and `nurture leads merge`: leads that may be one person, and making them one."""

from collections.abc import Mapping
from typing import Any

import click

from nurture.cli.leads import leads
from nurture.cli.options import json_option, stored_lead, yes_option
from nurture.cli.output import confirm, report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.consents.model import Standing
from nurture.engine.merging import Merging, look, merge
from nurture.kernel.errors import InputError
from nurture.kernel.i18n import translate
from nurture.kernel.reasons import LABELS
from nurture.leads import duplicates, store
from nurture.leads.merge import OWN, Choice
from nurture.leads.model import Lead
from nurture.rules.facts import Facts
from nurture.segments import store as segments

_ACTOR = "cli"


def _who(lead: Lead) -> str:
    return lead.email or lead.public_id


@leads.command(
    "duplicates",
    help=_("List pairs of leads that may be one person. They have the same number, or the same name at the same "
           "company; pairs that somebody said are two are left out."),
)  # fmt: skip
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help=_("At most so many pairs."))
@click.option("--after", "place", default="", metavar=_("PLACE"), help=_("Go on after this place of an earlier list."))
@json_option
@pass_state
def pairs(state: State, limit: int, place: str, *, as_json: bool) -> None:
    """List pairs."""
    with state.context() as context, context.database.read() as conn:
        found = duplicates.pairs(conn, None, _place(place), limit + 1)
        known = store.by_ids(conn, {key for pair in found[:limit] for key in (pair.first, pair.second)})
    data = [_pair(known[one.first], known[one.second], phone=one.phone, name=one.name) for one in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    after = f"{last.first}~{last.second}" if last else None
    report({"pairs": data, "after": after}, _lines(data, after), as_json=as_json)


def _place(text: str) -> tuple[int, int] | None:
    first, wave, second = text.partition("~")
    if not text:
        return None
    if not (wave and first.isdecimal() and second.isdecimal() and max(len(first), len(second)) < 19):
        raise InputError(_("--after takes the place that an earlier list ended with"))
    return int(first), int(second)


def _pair(one: Lead, other: Lead, *, phone: bool, name: bool) -> dict[str, Any]:
    same = [key for key, holds in (("phone", phone), ("name", name)) if holds]
    facts = [{"public_id": lead.public_id, "email": lead.email, "name": lead.name, "phone": lead.phone,
              "company": lead.company} for lead in (one, other)]  # fmt: skip
    return {"leads": facts, "same": same}


def _lines(data: list[dict[str, Any]], after: str | None) -> list[str]:
    if not data:
        return [_("No pairs look alike.")]
    rows = []
    for pair in data:
        one, other = pair["leads"]
        shared = ", ".join(_("same number") if key == "phone" else _("same name and company") for key in pair["same"])
        rows.append([*(lead["email"] or lead["public_id"] for lead in (one, other)), one["name"] or other["name"],
                     shared])  # fmt: skip
    lines = table([_("Lead"), _("Lead"), _("Name"), _("Why")], rows)
    if after:
        lines.append(_("There are more: --after %(place)s", place=after))
    return lines


@leads.command(
    "merge",
    help=_("Merge one lead into another. LOSER goes, WINNER stays, each named by its address or public id. What is "
           "filled stays over what is empty, else the winner's; every no stays. It cannot be taken back: look with "
           "--dry-run first."),
)  # fmt: skip
@click.argument("loser", metavar="LOSER")
@click.argument("winner", metavar="WINNER")
@click.option("--take", default="", metavar=_("FIELDS"),
              help=_("Fields of which the loser's value is to stay, by comma: name,phone,fields.size …"))  # fmt: skip
@click.option("--dry-run", is_flag=True, help=_("Say what would happen; write nothing."))
@yes_option
@json_option
@pass_state
def merge_(state: State, loser: str, winner: str, take: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Merge."""
    taken = [one.strip() for one in take.split(",") if one.strip()]
    with state.context() as context:
        now, real = context.clock.engine(), context.clock.real()
        with context.database.read() as conn:
            facts = segments.facts(conn, context.settings.zone)
            both = stored_lead(conn, loser), stored_lead(conn, winner)
            found = look(conn, context.keys, *both, taken, now=now, facts=facts)
        if not dry_run and not found.already:
            if not yes:
                _ask(found)
            with context.database.write() as conn:
                ids = both[0].id, both[1].id
                found = merge(conn, context.keys, *ids, taken, now=now, real=real, actor=_ACTOR, facts=facts)
    report(_data(found, dry_run=dry_run), _said(found, facts, dry_run=dry_run), as_json=as_json)


def _ask(found: Merging) -> None:
    names = {"loser": _who(found.loser), "winner": _who(found.winner)}
    question = _("Merge %(loser)s into %(winner)s? This cannot be taken back.", **names)
    confirm(question, _("Nothing was merged."))


def _data(found: Merging, *, dry_run: bool) -> dict[str, Any]:
    return {
        "winner": found.winner.public_id, "loser": found.loser.public_id, "dry_run": dry_run,
        "already": found.already, "taken": list(found.union.taken), "tags": list(found.union.new_tags),
        "campaigns": [{"key": one.campaign, "goes_on": one.goes_on} for one in found.ways],
        "mails_canceled": found.open.mails, "texts_canceled": found.open.texts, "opportunities": found.open.deals,
        "tasks": found.open.tasks, "email": _refusal(found.email), "sms": _refusal(found.sms),
    }  # fmt: skip


def _refusal(standing: Standing | None) -> str | None:
    refused = standing.refusal("advertising") if standing else None
    return refused[0].value if refused else None


def _said(found: Merging, facts: Facts, *, dry_run: bool) -> list[str]:
    names = {"loser": _who(found.loser), "winner": _who(found.winner)}
    if found.already:
        return [_("%(loser)s was merged into %(winner)s before; there is nothing to do.", **names)]
    first = _("%(loser)s would be merged into %(winner)s:", **names) if dry_run else _(
        "%(loser)s was merged into %(winner)s:", **names
    )  # fmt: skip
    lines = [first, *(_fact(one, facts) for one in found.union.choices if one.takes or one.differs)]
    if found.union.new_tags:
        lines.append("    " + _("tags: %(names)s", names=", ".join(found.union.new_tags)))
    lines += [_way(one.campaign, goes_on=one.goes_on) for one in found.ways]
    if found.open.mails or found.open.texts:
        lines.append("    " + _("taken back: %(mails)s emails, %(texts)s text messages", mails=found.open.mails,
                                texts=found.open.texts))  # fmt: skip
    refused = _refusal(found.email)
    if refused:
        why = translate(LANGUAGE, {one.value: text for one, text in LABELS.items()}[refused])
        lines.append("    " + _("advertising by email: no (%(why)s)", why=why))
    else:
        lines.append("    " + _("advertising by email: allowed"))
    return lines


def _fact(one: Choice, facts: Facts) -> str:
    key = one.key.removeprefix(OWN)
    label = translate(LANGUAGE, facts.values[key].label) if key in facts.values else key.removesuffix("_id")
    shown: Mapping[str, Any] = {"label": label, "stays": one.stays}
    if one.takes:
        return "    " + _("%(label)s: %(stays)s, the loser's", **shown)
    return "    " + _("%(label)s: %(stays)s stays", **shown)


def _way(key: str, *, goes_on: bool) -> str:
    if goes_on:
        return "    " + _("campaign %(key)s goes on with the winner", key=key)
    return "    " + _("campaign %(key)s ends for the loser", key=key)
