"""Today: what needs this person. Every area adds its blocks by `today_blocks(conn, person, now)`."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from nurture.web.blocks import collect
from nurture.web.page import now, read, render
from nurture.web.session import person

blueprint = Blueprint("today", __name__)


@blueprint.get("/")
def first() -> ResponseReturnValue:
    """The first page is today's."""
    return redirect(url_for("today.index"), 303)


@blueprint.get("/today")
def index() -> ResponseReturnValue:
    """What needs this person first, then what is new."""
    with read() as conn:
        blocks = collect("today_blocks", conn, person(), now())
    calm = not any(block.urgent for block in blocks)
    return render("today/index.html", blocks=blocks, calm=calm)
