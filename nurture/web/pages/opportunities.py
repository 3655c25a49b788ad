"""Opportunities: the board and the table, moving a card from stage to stage, what of them stands on Today."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.engine.known import Colleague
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import N_
from nurture.opportunities import service, store
from nurture.opportunities.model import OpportunityState, Pipeline
from nurture.users.model import Person, Role
from nurture.web.blocks import Block
from nurture.web.language import say
from nurture.web.layout import changed_query
from nurture.web.page import Form, back, known, moment, now, read, real, render, toast, whole, write
from nurture.web.pages.opportunity import page
from nurture.web.selling import LOOKS, card_of, pipeline_of
from nurture.web.session import person
from nurture.web.words import named

blueprint = Blueprint("opportunities", __name__)

_SHOWN = 50


def filters() -> store.Filters:
    """What the query narrows board and table to; unknown words narrow nothing."""
    owner, state = request.args.get("owner", ""), request.args.get("state", "")
    wanted = OpportunityState(state) if state in set(OpportunityState) else None
    return store.Filters(person().id if owner == "me" else whole(owner), owner == "none", wanted)


@blueprint.get("/opportunities")
def index() -> ResponseReturnValue:
    """The board; `as=table` gives the table, every state in it."""
    if request.args.get("as") == "table":
        return _table()
    with read() as conn:
        pipeline = pipeline_of(conn)
        columns = _columns(conn, pipeline) if pipeline else []
        owners = known(conn).owners()
    return render(
        "opportunities/board.html", pipeline=pipeline, columns=columns, owners=_owners(owners), looks=LOOKS,
        filter_form=Form(request.args.to_dict(), name="only"), totals=_totals(columns), query=request.args,
        count=sum(one["count"] for one in columns),
    )  # fmt: skip


def _owners(found: list[Colleague]) -> list[tuple[str, str]]:
    several = person().sees_all
    others = [(str(one.id), one.name) for one in found] if several else []
    return [("me", say("me")), ("none", say("nobody")), *others]


def _columns(conn: Connection, pipeline: Pipeline) -> list[dict[str, Any]]:
    chosen = filters()
    found = []
    cards = store.top_cards(conn, person(), pipeline.key, chosen, _SHOWN)
    for figure in store.board(conn, person(), pipeline.key, [one.key for one in pipeline.stages], chosen):
        stage = pipeline.stage(figure.stage)
        shown = cards.get(figure.stage, ())
        found.append(
            {
                "key": figure.stage,
                "name": named(stage.name) if stage else figure.stage,
                "count": figure.count,
                "value": figure.value,
                "cards": [card_of(one, pipeline) for one in shown],
                "more": max(0, figure.count - len(shown)),
            }
        )
    return found


def _totals(columns: list[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for column in columns:
        for currency, value in column["value"].items():
            found[currency] = found.get(currency, 0) + value
    return found


def _table() -> ResponseReturnValue:
    with read() as conn:
        pipeline = pipeline_of(conn)
        found = (
            store.table(conn, person(), pipeline.key, filters(), moment(request.args.get("after")), _SHOWN)
            if pipeline
            else None
        )
        owners = known(conn).owners()
    rows = [card_of(one, pipeline) for one in found.cards] if found and pipeline else []
    after = f"{found.after[0].isoformat()}~{found.after[1]}" if found and found.after else None
    return render(
        "opportunities/table.html", pipeline=pipeline, rows=rows, after=after, first="after" not in request.args,
        owners=_owners(owners), looks=LOOKS, filter_form=Form(request.args.to_dict(), name="only"), query=request.args,
        wanted=[state.value for state in OpportunityState],
    )  # fmt: skip


@blueprint.get("/opportunities/<public_id>")
def show(public_id: str) -> ResponseReturnValue:
    """One opportunity's page."""
    return page(public_id)


@blueprint.post("/opportunities/<public_id>/move")
def move(public_id: str) -> ResponseReturnValue:
    """Into another stage, from the board; undone from the toast."""
    stage = request.form.get("stage", "")
    version = request.form.get("version", "")
    with write() as conn:
        before = store.by_public_id(conn, public_id, person())
        pipeline = pipeline_of(conn)
        if pipeline is None:
            raise NotFoundError
        after = service.move(conn, person(), before.id, stage, whole(version) or 0, pipeline, now=now(), real=real())
        reached = pipeline.stage(after.stage)
    if after.version != before.version and reached is not None:
        undo = {"stage": before.stage, "version": str(after.version), "next": request.form.get("next", "")}
        text = say("“%(name)s” is at “%(stage)s” now", name=after.name[:60], stage=named(reached.name))
        toast(text, undo=request.path, fields=undo)
    return back("/opportunities")


def today_blocks(conn: Connection, who: Person, at: datetime) -> list[Block]:
    """For who sells: what they promised for now, and what has stood still too long."""
    if who.role is not Role.SALES:
        return []
    pipeline = pipeline_of(conn)
    if pipeline is None:
        return []
    mine = store.table(conn, who, pipeline.key, store.Filters(owner=who.id, state=OpportunityState.OPEN), limit=100)
    cards = [card_of(one, pipeline) for one in mine.cards]
    due = [one for one in cards if one["overdue"] or one["late"] or (one["card"].next_at and _is_today(one, at))]
    due.sort(key=lambda one: (one["card"].next_at or at, one["card"].stage_since))
    values = {"rows": due[:8], "all": len(cards), "due": len(due)}
    return [Block(20, "opportunities/_today.html", values, urgent=bool(due))]


def _is_today(one: Mapping[str, Any], at: datetime) -> bool:
    return bool((one["card"].next_at - at).days < 1)


TABS = (("", N_("Board")), ("table", N_("Table")))


def tabs() -> list[dict[str, Any]]:
    """Board and table, with the same filters."""
    asked = request.args.get("as", "")
    return [
        {"url": changed_query(**{"as": key or None, "after": None}), "label": say(label), "here": key == asked}
        for key, label in TABS
    ]


@blueprint.app_context_processor
def _values() -> dict[str, Any]:
    return {"opportunity_tabs": tabs}
