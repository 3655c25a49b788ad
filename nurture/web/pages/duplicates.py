"""Pairs of leads that may be one person, one at a time: which value stays, what follows, and making them one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.engine import merging
from nurture.engine.merging import Merging
from nurture.kernel.errors import InputError
from nurture.kernel.i18n import N_
from nurture.leads import duplicates, store
from nurture.leads.merge import OWN, Choice, better
from nurture.leads.model import Lead
from nurture.messages.values import shown_phone
from nurture.outbound.refusal import sms_refusal
from nurture.web import counting
from nurture.web.language import language, say
from nurture.web.page import (
    Form,
    context,
    facts,
    go,
    hand,
    known,
    now,
    read,
    render,
    submitted,
    toast,
    whole,
    write,
)
from nurture.web.session import person
from nurture.web.words import lifecycle, named

blueprint = Blueprint("duplicates", __name__)

_LABELS = {
    "name": N_("Name"), "honorific": N_("Honorific"), "email": N_("Email"), "phone": N_("Phone"),
    "company": N_("Company"), "address": N_("Address"), "city": N_("City"), "source": N_("Source"),
    "owner_id": N_("Owner"), "zone": N_("Time zone"), "language": N_("Language"),
}  # fmt: skip
_LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}  # by their own names
_TAKE = "take."
_NOTHING: tuple[Any, ...] = (None, "", [])


@dataclass(frozen=True, slots=True)
class Row:
    """One fact of both as it is shown."""

    key: str
    label: str
    winner: str
    loser: str
    differs: bool
    takes: bool


@blueprint.get("/leads/duplicates")
def index() -> ResponseReturnValue:
    """The next pair, or the one that the address names."""
    return _page(request.args.get("one", ""), request.args.get("other", ""), request.args.get("keep", ""))


def _page(one: str, other: str, keep: str, status: int = 200, form: Form | None = None) -> ResponseReturnValue:
    form = form or Form({})
    with read() as conn:
        asked = (one, other) if one and other else None
        pair = None if asked else _pair(conn)
        both = _named(conn, *asked) if asked else _both(conn, pair)
        if both is None:
            return render("duplicates/index.html", found=None, first="after" not in request.values, form=form)
        winner, loser = better(*both)
        if keep == loser.public_id:
            winner, loser = loser, winner
        found = merging.look(conn, context().keys, loser, winner, now=now(), facts=facts(conn))
        values = _values(conn, found, form.values)
    here = {"one": one, "other": other} if asked else {}
    after = request.values.get("after") or None
    again: dict[str, Any] = {**here, "after": after, "keep": loser.public_id}
    return render(
        "duplicates/index.html", status, found=found, pair=pair, form=form, here=here, after=after,
        swapped=url_for("duplicates.index", **again),
        skipped=url_for("duplicates.index", after=f"{pair.first}~{pair.second}") if pair else None, **values,
    )  # fmt: skip


def _pair(conn: Connection) -> duplicates.Pair | None:
    within = counting.shared(conn).value
    found = duplicates.pairs(conn, person(), _place(request.values.get("after", "")), 1, within)
    return found[0] if found else None


def _place(text: str) -> tuple[int, int] | None:
    first, second = (whole(part) for part in (text.partition("~")[0], text.partition("~")[2]))
    return (first, second) if first is not None and second is not None else None


def _named(conn: Connection, one: str, other: str) -> tuple[Lead, Lead] | None:
    """The two, as they are after earlier merges; None when they are one already."""
    both = store.by_public_id(conn, one, person()), store.by_public_id(conn, other, person())
    return both if both[0].id != both[1].id else None


def _both(conn: Connection, pair: duplicates.Pair | None) -> tuple[Lead, Lead] | None:
    found = store.by_ids(conn, [pair.first, pair.second]) if pair else {}
    return (found[pair.first], found[pair.second]) if pair and len(found) == 2 else None


def _values(conn: Connection, found: Merging, sent: Any) -> dict[str, Any]:
    names = known(conn)
    people = names.names([found.winner.owner_id, found.loser.owner_id])
    campaigns = {one.key: one.named(language()) for one in names.campaigns}
    ways = [(campaigns.get(one.campaign) or named(one.name), one.goes_on) for one in found.ways]
    return {
        "rows": list(_rows(conn, found, people, sent)),
        "ways": ways,
        "tags": [names.tags.get(key, key) for key in found.union.new_tags],
        "stage": lifecycle(found.union.lifecycle.value),
        "email_no": found.email.refusal("advertising") if found.email else None,
        "sms_no": sms_refusal(found.sms, "advertising") if found.sms else None,
        "has_phone": bool(found.union.value("phone")),
        "may": person().may_edit,
    }


def _rows(conn: Connection, found: Merging, people: dict[int, str], sent: Any) -> Iterator[Row]:
    """The facts that either has, those with a choice first."""
    filled = [one for one in found.union.choices if one.winner not in _NOTHING or one.loser not in _NOTHING]
    labels = {key: one.label for key, one in known(conn).fields.items()}
    for one in sorted(filled, key=lambda one: not one.differs):
        takes = one.takes if not one.differs else sent.get(_TAKE + one.key) == "loser"
        own = one.key.removeprefix(OWN)
        label = say(_LABELS[one.key]) if one.key in _LABELS else labels.get(own, own)
        yield Row(one.key, label, _shown(one, one.winner, people), _shown(one, one.loser, people), one.differs, takes)


def _shown(one: Choice, value: Any, people: dict[int, str]) -> str:
    if value in _NOTHING:
        return ""
    if one.key == "owner_id":
        return people.get(value, "?")
    if one.key == "phone":
        return shown_phone(value)
    if one.key == "language":
        return _LANGUAGES.get(value, str(value))
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@blueprint.post("/leads/duplicates/merge")
def merge() -> ResponseReturnValue:
    """Make the two one."""
    sent = request.form
    loser, winner = sent.get("loser", ""), sent.get("winner", "")
    take = [key.removeprefix(_TAKE) for key, value in sent.items() if key.startswith(_TAKE) and value == "loser"]
    try:
        with write() as conn:
            found = merging.by_hand(conn, context().keys, hand(), loser, winner, take, facts=facts(conn))
    except InputError as error:
        return _page(loser, winner, winner, 422, submitted(error))
    context().wake.reactions.set()
    names = {"loser": _called(found.loser), "winner": _called(found.winner)}
    toast(say("“%(loser)s” was merged into “%(winner)s”", **names))
    return go(_next() if not sent.get("one") else url_for("lead.show", public_id=winner))


@blueprint.post("/leads/duplicates/different")
def different() -> ResponseReturnValue:
    """They are two: the pair is not shown any more."""
    one, other = request.form.get("loser", ""), request.form.get("winner", "")
    with write() as conn:
        merging.keep_apart(conn, hand(), one, other)
    undone = {"loser": one, "winner": other, "after": request.form.get("after", "")}
    toast(say("Kept apart: this pair is not shown any more"), undo=url_for("duplicates.together"), fields=undone)
    return go(_next())


@blueprint.post("/leads/duplicates/together")
def together() -> ResponseReturnValue:
    """Take that back: the pair is shown again."""
    with write() as conn:
        merging.let_together(conn, hand(), request.form.get("loser", ""), request.form.get("winner", ""))
    return go(_next())


def _next() -> str:
    return url_for("duplicates.index", after=request.form.get("after") or None)


def _called(lead: Lead) -> str:
    return (lead.name or lead.email or lead.phone or lead.public_id)[:60]
