"""Error pages: what happened, in both languages, and where to go from there."""

import structlog
from flask import Flask, Response, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from nurture.kernel.errors import ConflictError, ForbiddenError, GuardError, InputError, NotFoundError, OutsideError
from nurture.kernel.i18n import N_
from nurture.web.language import say
from nurture.web.page import is_htmx, render, said

log = structlog.get_logger("nurture.web")

_TITLES = {
    400: N_("This request cannot be read"),
    401: N_("Please sign in"),
    403: N_("You may not do this"),
    404: N_("There is no such page"),
    405: N_("This address does not take that"),
    409: N_("Somebody was faster"),
    413: N_("This is too large"),
    422: N_("Something is missing"),
    500: N_("Something broke on our side"),
    503: N_("Not available right now"),
}
_ADVICE = {
    403: N_("An administrator can give you this right."),
    404: N_("It may have been moved, or it belongs to somebody else."),
    409: N_("Load the page again and look at what has changed."),
    500: N_("Nothing was saved by this request. Please try again; the error has been noted."),
}


def answer(status: int, detail: str = "") -> Response:
    """The error page; under htmx its text goes into the alert region, and the form stays as it is."""
    title = say(_TITLES.get(status, _TITLES[400 if status < 500 else 500]))
    advice = detail or (say(_ADVICE[status]) if status in _ADVICE else "")
    if is_htmx():
        page = render("error_alert.html", status, title=title, advice=advice)
        page.headers["HX-Retarget"] = "#alert"
        page.headers["HX-Reswap"] = "innerHTML"
        page.headers["HX-Reselect"] = "unset"
        return page
    return render("error.html", status, title=title, advice=advice, code=status)


def _http(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400:
        return error
    own = error.code in {401, 422} and error.description is not None
    page = answer(error.code, str(error.description) if own else "")
    if error.code == 405 and getattr(error, "valid_methods", None):
        page.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
    return page


def _csrf(_error: CSRFError) -> Response:
    return answer(400, say("This form is too old or your session has changed. Load the page again, then send it."))


def _place() -> str:
    """Where it happened, as a log may say it: the token of a link is a secret."""
    rule = request.url_rule
    return rule.rule if rule is not None and "token" in rule.arguments else request.path


def _broken(error: Exception) -> Response:
    log.error("request failed", path=_place(), method=request.method, exc_info=error)
    return answer(500)


def install(app: Flask) -> None:
    """Every refusal and failure has its page."""
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFoundError, lambda _: answer(404))
    app.register_error_handler(ForbiddenError, lambda error: answer(403, say(str(error)) if str(error) else ""))
    app.register_error_handler(ConflictError, lambda error: answer(409, say(str(error)) if str(error) else ""))
    app.register_error_handler(GuardError, lambda error: answer(409, say(str(error))))
    app.register_error_handler(InputError, lambda error: answer(422, " ".join(said(one) for one in error.problems)))
    app.register_error_handler(OutsideError, lambda error: answer(503, say(str(error))))
    app.register_error_handler(Exception, _broken)
