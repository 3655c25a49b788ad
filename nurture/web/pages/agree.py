"""Where a lead says yes by the link of the one mail that asks. No account, no cookie, no script; POST agrees."""

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue

from nurture.kernel.i18n import LANGUAGES
from nurture.tracking import agreeing
from nurture.tracking.agreeing import Asking
from nurture.web.page import context
from nurture.web.pages.public import guarded
from nurture.web.security import csrf
from nurture.web.session import public

blueprint = Blueprint("agree", __name__)
csrf.exempt(blueprint)  # the token in the address is the right to act


@blueprint.get("/y/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """What one would agree to. An unknown or forged token gets the same page as any other that is not ours."""
    return _page(token, agreeing.look(context(), token))


@blueprint.post("/y/<token>")
@public
def act(token: str) -> ResponseReturnValue:
    """Agree, to opens and clicks being kept as well where that is ticked."""
    tracking = request.form.get("tracking") == "yes"
    return _page(token, agreeing.agree(context(), token, tracking=tracking, ip=request.remote_addr))


def _page(token: str, found: Asking | None) -> Response:
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        g.language = asked
    elif found is not None:
        g.language = found.language
    page = render_template("public/agree.html", found=found, token=token, firm=context().settings.house_name,
                           house_of=context().settings)  # fmt: skip
    return guarded(page, 200 if found else 404)
