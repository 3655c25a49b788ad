"""What came late after a standstill and waits for a person: let it go or drop it, a campaign at once or one by one."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.engine import Connection

from nurture.engine import held
from nurture.engine.held import Pile
from nurture.kernel.i18n import translate_plural
from nurture.kernel.text import in_language
from nurture.users.model import Person, Role
from nurture.web.blocks import Block
from nurture.web.language import language, say
from nurture.web.page import context, go, known, now, read, real, render, titles, toast, write
from nurture.web.session import person

blueprint = Blueprint("late", __name__)

_SHOWN = 50
_ON_TODAY = 5  # replies


@blueprint.get("/late")
def index() -> ResponseReturnValue:
    """By campaign, and the longest waiting one by one."""
    asked = request.args.get("campaign") or None
    with read() as conn:
        piles = [_pile(one) for one in held.piles(conn)]
        rows = held.listed(conn, asked, _SHOWN, seen_by=person()) if piles else []
        called = titles(conn) if rows else None
    names = {one["key"]: one["name"] for one in piles}
    shown = [{"one": one, "campaign": names.get(one.campaign or "", ""), "called": called} for one in rows]
    return render("late/index.html", piles=piles, rows=shown, asked=asked or "", most=_SHOWN,
                  only_mine=not person().sees_all)  # fmt: skip


def _pile(one: Pile) -> dict[str, Any]:
    name = in_language(one.name, language(), one.campaign or "") if one.campaign else say("One-time emails")
    return {"key": one.campaign or "", "name": name, "count": one.count, "since": one.since}


@blueprint.post("/late")
def settle() -> ResponseReturnValue:
    """Let go or drop: a whole campaign, or one."""
    verb, one, campaign = request.form.get("do", ""), request.form.get("id"), request.form.get("campaign")
    if one:
        with write() as conn:
            count = held.decide_by(conn, person(), verb, ids=[one], now=now(), real=real())
    else:
        database = context().database
        count = held.decide_all(database, person(), verb, campaign=campaign or None, now=now(), real=real())
    context().wake.messages.set()
    if verb == held.RELEASE:
        text = translate_plural(language(), "%(count)s email may go now", "%(count)s emails may go now", count)
    else:
        text = translate_plural(language(), "%(count)s email is dropped", "%(count)s emails are dropped", count)
    toast(text)
    return go(url_for("late.index", campaign=request.form.get("within") or None))


def today_blocks(conn: Connection, who: Person, at: Any) -> list[Block]:  # noqa: ARG001 - the hook's form
    """Replies that nobody has looked at, a salesperson's own and those of nobody; for others late mails too."""
    sells = who.role is Role.SALES
    piles, replies = held.desk(conn, who.id if sells else None, late=not sells, most=_ON_TODAY + 1)
    found = []
    if replies:
        more = len(replies) > _ON_TODAY
        found.append(Block(13, "silence/_today.html", {"rows": replies[:_ON_TODAY], "more": more}, urgent=True))
    if piles:
        running = {one.id: one for one in known(conn).campaigns}
        rows = [
            {
                "key": running[key].key if key in running else "",
                "name": running[key].named(language()) if key in running else say("One-time emails"),
                "count": count,
                "since": since,
            }
            for key, count, since in piles
        ]
        found.append(Block(14, "late/_today.html", {"piles": rows}, urgent=True))
    return found
