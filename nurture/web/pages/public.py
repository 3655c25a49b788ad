"""Pages that leads see: the way out of our mail. No account, no cookie, no script; GET shows, POST acts (RFC 8058)."""

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue

from nurture.kernel.i18n import LANGUAGES
from nurture.tracking import refusal
from nurture.tracking.refusal import Refusal
from nurture.web.page import context
from nurture.web.security import csrf
from nurture.web.session import public

blueprint = Blueprint("public", __name__)
csrf.exempt(blueprint)  # the token in the address is the right to act; mail programs bring no cookie

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@blueprint.get("/u/<token>")
@public
def leave(token: str) -> ResponseReturnValue:
    """What the button would do. An unknown or forged token gets the same page as any other that is not ours."""
    return _page(token, refusal.look(context(), token))


@blueprint.post("/u/<token>")
@public
def act(token: str) -> ResponseReturnValue:
    """Say no, or take the no back. A mail program's one click gets a bare 200."""
    ip = request.remote_addr
    if request.form.get("List-Unsubscribe") == "One-Click":
        refusal.unsubscribe(context(), token, via="one_click", ip=ip)
        return Response("ok\n", 200, content_type="text/plain; charset=utf-8")
    if request.form.get("do") == "return":
        return _page(token, refusal.resubscribe(context(), token, ip=ip), said="return")
    return _page(token, refusal.unsubscribe(context(), token, ip=ip), said="leave")


def _page(token: str, found: Refusal | None, said: str = "") -> Response:
    """The page in the language of the mail, unless the reader chose another."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        g.language = asked
    elif found is not None and found.language in LANGUAGES:
        g.language = found.language
    settings = context().settings
    page = render_template(
        "public/unsubscribe.html", found=found, said=said, token=token, firm=settings.house_name,
        firm_address=settings.house_address,
    )  # fmt: skip
    answer = Response(page, 200 if found else 404, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _CSP
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
