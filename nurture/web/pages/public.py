"""Pages that leads see: the way out of our mail. No account, no cookie, no script; GET shows, POST acts (RFC 8058)."""

from flask import Blueprint, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from nurture.kernel.errors import OutsideError
from nurture.kernel.i18n import LANGUAGES
from nurture.tracking import refusal
from nurture.tracking.refusal import Refusal
from nurture.tracking.wishes import PAUSES
from nurture.web.page import context, whole
from nurture.web.security import csrf
from nurture.web.session import public

blueprint = Blueprint("public", __name__)
csrf.exempt(blueprint)  # the token in the address is the right to act; mail programs bring no cookie

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ONE_CLICK = ("List-Unsubscribe", "One-Click")
_AGAIN_IN = "300"  # seconds


@blueprint.get("/u/<token>")
@public
def leave(token: str) -> ResponseReturnValue:
    """What the buttons would do. An unknown or forged token gets the same page as any other that is not ours."""
    return _page(token, refusal.look(context(), token))


@blueprint.post("/u/<token>")
@public
def act(token: str) -> ResponseReturnValue:
    """Say no, say less, or take the no back. A mail program's one click gets a bare 200, or a 404 where nothing was
    refused."""
    one_click = _is_one_click()
    try:
        found, said = _one_click(token) if one_click else _asked(token)
    except OutsideError:
        answer = make_response("", 503) if one_click else _page(token, Refusal("", refused=False), "broken", 503)
        answer.headers["Retry-After"] = _AGAIN_IN
        return answer
    if one_click:
        return Response("ok\n" if found else "", 200 if found else 404, content_type="text/plain; charset=utf-8")
    return _page(token, found, said)


def _is_one_click() -> bool:
    """Form-urlencoded or multipart, as RFC 8058 has it; some programs post it without saying in which form."""
    name, value = _ONE_CLICK
    if request.form.get(name, "").casefold() == value.casefold():
        return True
    return not request.form and f"{name}={value}".encode() in request.get_data()[:200]


def _one_click(token: str) -> tuple[Refusal | None, str]:
    return refusal.unsubscribe(context(), token, via="one_click", ip=request.remote_addr), "leave"


def _asked(token: str) -> tuple[Refusal | None, str]:
    """What was done, and its name. What is not known counts as a no to everything."""
    ctx, ip, form = context(), request.remote_addr, request.form
    match form.get("do"):
        case "return":
            return refusal.resubscribe(ctx, token, ip=ip), "return"
        case "topics":
            return refusal.choose(ctx, token, form.getlist("topic"), offered=form.getlist("offered"), ip=ip), "topics"
        case "pause":
            return refusal.pause(ctx, token, whole(form.get("days")) or PAUSES[0], ip=ip), "pause"
        case "resume":
            return refusal.pause(ctx, token, 0, ip=ip), "resume"
        case "untrack":
            return refusal.untrack(ctx, token, ip=ip), "untrack"
    return refusal.unsubscribe(ctx, token, ip=ip), "leave"


def _page(token: str, found: Refusal | None, said: str = "", status: int = 200) -> Response:
    """The page in the language of the mail, unless the reader chose another."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        g.language = asked
    elif found is not None and found.language in LANGUAGES:
        g.language = found.language
    settings = context().settings
    page = render_template(
        "public/unsubscribe.html", found=found, said=said, token=token, firm=settings.house_name, house_of=settings,
        pauses=PAUSES,
    )  # fmt: skip
    return guarded(page, status if found else 404)


def guarded(page: str, status: int) -> Response:
    """A page that whoever holds a link may see: kept nowhere, listed nowhere, naming nobody to where it leads."""
    answer = Response(page, status, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _CSP
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Cache-Control"] = "no-store"
    return answer
