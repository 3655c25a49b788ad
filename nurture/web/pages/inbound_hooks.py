"""Where mail providers tell what became of mail. No account, no cookie: each shows that it is the one."""

from flask import Blueprint, Response, current_app, request

from nurture.inbound.hearing import Fetcher, fetcher, hear
from nurture.inbound.webhooks._post import LARGEST, Post
from nurture.kernel.errors import OutsideError
from nurture.web.page import context
from nurture.web.security import csrf
from nurture.web.session import public

blueprint = Blueprint("inbound_hooks", __name__)
csrf.exempt(blueprint)  # its signature or its secret is the right to tell

_AGAIN_IN = "60"  # seconds
_FETCHER = "nurture_webhook_fetcher"


@blueprint.post("/hooks/in/<provider>")
@public
def listen(provider: str) -> Response:
    """200 once all of it is kept; 4xx for what will never be taken, 5xx for what should be told again."""
    if (request.content_length or 0) > LARGEST:
        return _answer(413)
    body = request.stream.read(LARGEST + 1)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        heard = hear(context(), provider, Post(headers, body), _fetcher())
    except OutsideError:
        return _answer(503)
    answer = _answer(heard.status)
    if heard.status == 401 and heard.asks:
        answer.headers["WWW-Authenticate"] = f'{heard.asks} realm="nurture"'
    return answer


def _fetcher() -> Fetcher:
    """One for the process, so that a certificate is fetched once."""
    kept = current_app.extensions.get(_FETCHER)
    if not isinstance(kept, Fetcher):
        kept = current_app.extensions[_FETCHER] = fetcher(context())
    return kept


def _answer(status: int) -> Response:
    answer = Response("ok\n" if status == 200 else "", status, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    if status == 503:
        answer.headers["Retry-After"] = _AGAIN_IN
    return answer
