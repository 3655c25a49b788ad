"""What came of an email: people over its text, machines apart; behind each figure its list."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.alerts.reasons import shown_link
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import N_
from nurture.kernel.text import is_key
from nurture.leads import store as leads
from nurture.leads.model import Lead
from nurture.messages import store
from nurture.messages.links import PlainLinks
from nurture.messages.model import Compiled
from nurture.messages.personalize import MissingField, Personalizer, TemplateFailure
from nurture.messages.values import house_values, message_values
from nurture.tracking import results
from nurture.tracking import store as tracking
from nurture.tracking.model import Verdict
from nurture.tracking.results import Link, What
from nurture.tracking.verdict import sentence
from nurture.users.model import Person
from nurture.web import counting
from nurture.web.blocks import Block
from nurture.web.language import language, say
from nurture.web.page import context, is_unchanged, read, render, whole
from nurture.web.pages.emails import made_up
from nurture.web.pages.sends import shown_hit
from nurture.web.session import person

blueprint = Blueprint("email_result", __name__)

_ON_LEAD = 20
# Of each figure: its word, and what it means.
FIGURES: Mapping[What, tuple[str, str]] = {
    What.CLICKED: (N_("clicked, people"), N_("Leads who followed a link. Machines are left out.")),
    What.OPENED: (N_("opened, people"), N_("Leads whose own mail program loaded the pictures.")),
    What.PROXIED: (
        N_("opened by the mail provider"),
        N_("Gmail, Yahoo and Apple load pictures themselves, often before anybody reads: weak evidence."),
    ),
    What.REPLIED: (N_("replied"), N_("Leads who answered this email.")),
    What.REFUSED: (N_("unsubscribed"), N_("Leads who said no to email after it.")),
    What.COMPLAINED: (N_("reported as spam"), N_("Leads whose mail provider told us so.")),
    What.MACHINE: (N_("by machines"), N_("Scanners, link checkers and previews. They never count.")),
    What.EXAMINED: (N_("being examined"), N_("Odd ones, decided within half a minute. They count once cleared.")),
    What.DOUBTED: (
        N_("perhaps passed on"),
        N_("From another device in another place than the reader's: perhaps somebody else's. They do not count."),
    ),
}
_PLACE = re.compile("\ue000(\\d+)\ue001")


class _Marked(PlainLinks):
    """Links that show in the text where they stand."""

    def click(self, position: int, _target: str) -> str:
        """Its place."""
        return f"\ue000{position}\ue001"

    def unsubscribe(self) -> str:
        """Something to read."""
        return "…"


@dataclass(frozen=True, slots=True)
class _Followed:
    """A link of the text, with what people made of it."""

    url: str
    shown: str
    people: int
    clicks: int


@blueprint.get("/emails/<key>/result")
def show(key: str) -> ResponseReturnValue:
    """The figures over the text, in one language of those there are."""
    what = request.args.get("list", "")
    with read() as conn:
        languages = store.languages(conn, [key]).get(key, []) if is_key(key) else []
        if not languages:
            raise NotFoundError
        if what in set(What):
            return _list(conn, key, What(what))
        spoken = request.args.get("lang", language())
        spoken = spoken if spoken in languages else languages[0]
        revision = store.current_revision(conn, key, spoken)
        compiled = store.compiled(conn, revision) if revision is not None else None
        counted = _counted(conn, key)
        found = counted.value
    followed = [] if compiled is None else _followed(compiled, found.links)
    own = {one.url for one in followed}
    return render(
        "emails/result.html", key=key, languages=languages, spoken=spoken, found=found, figures=_figures(found),
        text=[] if compiled is None else _text(compiled, followed), followed=followed,
        others=[one for one in found.links if one.url not in own and not _is_of(followed, one)],
        shown_link=shown_link, only_mine=not person().sees_all, counted_at=counted.at,
    )  # fmt: skip


def _counted(conn: Connection, key: str) -> counting.Counted[results.Result]:
    who = person()
    name = ("email", key, None if who.sees_all else who.id)
    return counting.counted(
        conn, name, lambda conn: results.result(conn, key, who), lambda found: sum(found.states.values())
    )


def _figures(found: results.Result) -> dict[str, list[dict[str, Any]]]:
    def line(what: What, count: int) -> dict[str, Any]:
        word, meaning = FIGURES[what]
        return {"what": what.value, "count": count, "word": say(word), "meaning": say(meaning)}

    return {
        "people": [line(what, count) for what, count in found.people.items()],
        "hits": [line(what, count) for what, count in found.hits.items()],
    }


def _is_of(followed: Sequence[_Followed], link: Link) -> bool:
    """Whether an address is one that a link of the text was made to for some lead."""
    at = link.position
    return at is not None and at < len(followed) and "{{" in followed[at].url


def _followed(compiled: Compiled, links: Sequence[Link]) -> list[_Followed]:
    """Each link of the text. One with a field inside leads each lead elsewhere: those are added up."""
    plain = {one.url: one for one in links}
    found = []
    for position, target in enumerate(compiled.links):
        if "{{" in target:
            mine = [one for one in links if one.position == position and one.url not in compiled.links]
        else:
            mine = [plain[target]] if target in plain else []
        people, clicks = sum(one.people for one in mine), sum(one.clicks for one in mine)
        found.append(_Followed(target, shown_link(target) or target, people, clicks))
    return found


def _text(compiled: Compiled, followed: Sequence[_Followed]) -> list[tuple[str, _Followed | None]]:
    """The text part as somebody made up reads it, in pieces: words, and links with their figures."""
    nobody = SimpleNamespace(name="", domain=None, size=None)
    values = message_values(made_up(compiled.language), None, nobody, house_values(context().settings))
    try:
        text = Personalizer(compiled).render(values, _Marked(context().settings.base_url)).text
    except (MissingField, TemplateFailure):
        return []
    pieces = _PLACE.split(text)
    places = [followed[int(piece)] if number % 2 else None for number, piece in enumerate(pieces)]
    return [(piece if place is None else "", place) for piece, place in zip(pieces, places, strict=True)]


def _list(conn: Connection, key: str, what: What) -> ResponseReturnValue:
    """Who stands behind a figure."""
    url, before = request.args.get("url", ""), whole(request.args.get("before"))
    rows, older = results.who(conn, key, what, person(), url=url, before=before)
    word, meaning = FIGURES[what]
    shown = [
        (one, shown_link(one.url) or one.url, [sentence(code, language()) for code in one.reasons]) for one in rows
    ]
    return render(
        "emails/result_list.html", key=key, rows=shown, older=older, word=say(word), meaning=say(meaning), url=url,
        is_hits=what in {What.MACHINE, What.EXAMINED, What.DOUBTED}, only_mine=not person().sees_all,
    )  # fmt: skip


@blueprint.get("/leads/<public_id>/hits")
def of_lead(public_id: str) -> ResponseReturnValue:
    """A lead's latest opens and clicks, each with its verdict; or those in doubt alone."""
    doubted = "doubted" in request.args
    with read() as conn:
        lead = leads.by_public_id(conn, public_id, person())
        found = tracking.of_lead(conn, lead.id, _ON_LEAD, Verdict.SUSPECT if doubted else None)
    told = ",".join(f"{one.id}:{one.verdict}:{one.settled}:{one.activity_id}" for one in found)
    version = hashlib.sha256(told.encode()).hexdigest()[:12]
    if is_unchanged(version):
        return Response(status=204)
    rows = [(one.hit.message_id, shown_hit(one)) for one in found]
    return render("emails/lead_hits.html", lead=lead, rows=rows, doubted=doubted, version=version)


def lead_blocks(conn: Connection, who: Person, lead: Lead, at: datetime) -> list[Block]:  # noqa: ARG001 - the hook's form
    """A lead's opens and clicks beside its emails; beside the timeline those in doubt. They come after the page."""
    tab = request.args.get("tab", "timeline")
    return [Block(55, "emails/_hits.html", {"doubted": tab == "timeline"})] if tab in {"emails", "timeline"} else []
