"""Segments: who is meant, how many, how that moves, what uses it, who is in it; one lead checked against the rule."""

import csv
import io
import re
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.broadcasts.tables import broadcasts
from nurture.engine import whys
from nurture.engine.uses import segments_in
from nurture.kernel.errors import DefinitionError, ForbiddenError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.leads import store as leads
from nurture.leads.normalize import email_of
from nurture.rules.describe import describe
from nurture.rules.parse import parse
from nurture.segments import history, store
from nurture.segments.model import Segment
from nurture.users.model import may_see_lead
from nurture.users.service import note
from nurture.web import counting
from nurture.web.language import language, say
from nurture.web.page import Form, facts, known, moment, now, read, real, render, titles, write, zone
from nurture.web.pages.why import node
from nurture.web.session import person

blueprint = Blueprint("segments", __name__)

DAYS = 30
WEEK = timedelta(days=7)
_HIGH = 40  # of the chart above and below its line
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+@＝＋－＠-]|[\t\r\n])")


@blueprint.get("/segments")
def index() -> ResponseReturnValue:
    """Every segment: its sentence, how many are in it, how that moved in a week, how many things use it."""
    with read() as conn:
        every = store.every(conn)
        sizes = counting.sizes(conn, WEEK)
        uses = _uses(conn, every)
        rows = [
            {
                "key": one.key, "name": one.named(language()), "says": _sentence(conn, one),
                "size": sizes.value.get(one.id, history.Size()), "used": len(uses[one.key]), "looked": one.evaluated_at,
            }
            for one in every
        ]  # fmt: skip
    return render(
        "segments/index.html", counted_at=sizes.at, rows=sorted(rows, key=lambda row: str(row["name"]).casefold())
    )


@blueprint.get("/segments/<key>")
def show(key: str) -> ResponseReturnValue:
    """One segment: sentence, count, chart of 30 days, what uses it, and one lead checked."""
    with read() as conn:
        one = _one(conn, key)
        sizes = counting.sizes(conn, WEEK)
        size = sizes.value.get(one.id, history.Size())
        chart = _chart(conn, one, size)
        uses = _uses(conn, [one, *(other for other in store.every(conn) if other.key != key)])[key]
        checked = _checked(conn, one, request.args.get("lead", ""))
        return render(
            "segments/show.html", one=one, name=one.named(language()), says=_sentence(conn, one), size=size,
            counted_at=sizes.at, chart=chart, uses=uses, checked=checked, may_export=person().may_edit,
            check_form=Form(request.args.to_dict(), name="check"),
        )  # fmt: skip


@blueprint.get("/segments/<key>/members")
def members(key: str) -> ResponseReturnValue:
    """Who is in it, of the leads this person sees, the latest first."""
    place = moment(request.args.get("before"))
    with read() as conn:
        one = _one(conn, key)
        rows, more = history.members(conn, one.id, person(), place)
    after = f"{more[0].isoformat()}~{more[1]}" if more else None
    return render(
        "segments/members.html", one=one, name=one.named(language()), rows=rows, older=after, first=place is None,
        only_mine=not person().sees_all, may_export=person().may_edit,
    )  # fmt: skip


@blueprint.post("/segments/<key>/members.csv")
def export(key: str) -> ResponseReturnValue:
    """Who is in it as a file, for those who may change leads; it is kept who took it along."""
    if not person().may_edit:
        raise ForbiddenError
    with read() as conn:
        one = _one(conn, key)
        members = list(history.everybody(conn, one.id, person()))
    text = _table(members)
    with write() as conn:
        subject, detail = f"segment:{key}", {"leads": len(members)}
        note(conn, actor=person().actor, action="segment.export", subject=subject, at=real(), detail=detail)
    headers = {"Content-Disposition": f'attachment; filename="{key}.csv"', "Cache-Control": "no-store"}
    return Response(text.encode("utf-8-sig"), mimetype="text/csv", headers=headers)


def _table(found: Any) -> str:
    """The members as CSV. A text that a spreadsheet would run as a formula gets a quote in front."""
    into = io.StringIO()
    rows = csv.writer(into)
    rows.writerow(["id", "name", "email", "phone", "company", "temperature", "joined_at"])
    for one in found:
        cells = (one.public_id, one.name, one.email, one.phone, one.company, one.temperature, one.joined_at.isoformat())
        rows.writerow([_harmless(str(cell or "")) for cell in cells])
    return into.getvalue()


def _harmless(text: str) -> str:
    """The quote also stands behind each sign that begins a cell where another sign than ours parts them."""
    is_number = text.startswith("+") and text[1:].isdecimal()
    return text if is_number else _FORMULA.sub(r"\1'", text)


def _one(conn: Connection, key: str) -> Segment:
    found = store.every(conn, [key])
    if not found:
        raise NotFoundError
    return found[0]


def _sentence(conn: Connection, one: Segment) -> str:
    """Who is meant, in words; for a rule that can no longer be read, why."""
    if one.by_hand:
        return say("Leads that people and campaigns put in by hand")
    try:
        return describe(parse(one.when, facts(conn)), language(), zone(), titles(conn))
    except DefinitionError as error:
        return say("This rule can no longer be read: %(why)s", why="; ".join(each.text() for each in error.problems))


def _uses(conn: Connection, every: list[Segment]) -> dict[str, list[dict[str, str]]]:
    """What names each segment: campaigns that run, one-time emails, other segments."""
    found: dict[str, list[dict[str, str]]] = {one.key: [] for one in every}

    def add(keys: frozenset[str], kind: str, name: str, url: str) -> None:
        for key in keys & found.keys():
            found[key].append({"kind": say(kind), "name": name, "url": url})

    for running in known(conn).campaigns:
        url = url_for("campaigns.show", key=running.key)
        add(segments_in(running.definition), N_("Campaign"), running.named(language()), url)
    for row in conn.execute(sa.select(broadcasts.c.key, broadcasts.c.name, broadcasts.c.definition)):
        url = url_for("broadcasts.show", key=row.key)
        add(segments_in(row.definition), N_("One-time email"), row.name, url)
    for one in every:
        if not one.by_hand:
            url = url_for("segments.show", key=one.key)
            add(segments_in(one.when), N_("Segment"), one.named(language()), url)
    return found


def _chart(conn: Connection, one: Segment, size: history.Size) -> dict[str, Any]:
    """Joins above the line and leaves below it, for each of the last local days."""
    today = now().astimezone(zone()).date()
    days = [today - timedelta(days=DAYS - 1 - n) for n in range(DAYS)]
    borders = [datetime.combine(day, time(), zone()) for day in (*days, today + timedelta(days=1))]
    counts = counting.daily(conn, one.id, borders, size.members).value
    most = max(1, *(max(pair) for pair in counts))
    bars = [
        {
            "x": n * 10 + 1,
            "up": _tall(joined, most),
            "down": _tall(left, most),
            "day": day,
            "joined": joined,
            "left": left,
        }
        for n, (day, (joined, left)) in enumerate(zip(days, counts, strict=True))
    ]
    return {
        "bars": bars,
        "joined": sum(pair[0] for pair in counts),
        "left": sum(pair[1] for pair in counts),
        "most": most,
    }


def _tall(count: int, most: int) -> int:
    """The height of a bar; what is not nothing is seen."""
    return max(2, round(_HIGH * count / most)) if count else 0


def _checked(conn: Connection, one: Segment, asked: str) -> dict[str, Any] | None:
    """One lead against the rule; None when none is asked for."""
    address = email_of(asked)
    if not asked.strip():
        return None
    lead = leads.by_email(conn, address) if address else None
    if lead is None or not may_see_lead(person(), lead.owner_id):
        return {"missing": True}
    reading = whys.Reading(language(), zone(), titles(conn), now())
    told = whys.segment(conn, lead, one.key, facts(conn), reading)
    trees = [(title, node(trace, titles(conn))) for title, trace in told.trees]
    return {"told": told, "trees": trees, "lead": lead}
