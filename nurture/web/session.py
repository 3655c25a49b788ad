"""Who is asking: the account behind the session cookie, and the rule that every page needs one unless it says not.

The cookie holds the key of a session that the server knows; one query of each request brings it and the account.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user
from sqlalchemy.exc import DBAPIError

from nurture.kernel.errors import OutsideError
from nurture.kernel.identity import bearer_hash
from nurture.tracking.client import truncated
from nurture.users import sessions, store
from nurture.users.devices import device
from nurture.users.model import Person
from nurture.web.language import say

log = structlog.get_logger("nurture.web")

View = TypeVar("View", bound=Callable[..., Any])


class Visitor(UserMixin):  # type: ignore[misc]
    """An account in one of its sessions, as flask-login sees it."""

    def __init__(self, key: str, account: store.Account, opened: store.Session) -> None:
        settings = g.context.settings
        self.key = key
        self.account = account
        self.session = opened
        self.person = account.person(settings.language, settings.zone)

    def get_id(self) -> str:
        """What the session cookie remembers."""
        return self.key


def _load(key: str) -> Visitor | None:
    real = g.context.clock.real()
    with g.context.database.read() as conn:
        found = store.signed_in(conn, bearer_hash(key), real)
    if found is None:
        return None
    if sessions.is_unseen(found[1], real) and "X-Live" not in request.headers:  # nobody looks at a page that polls
        g.unseen = found[1]
    return Visitor(key, *found)


def origin() -> sessions.Origin:
    """Where this request comes from, as a session remembers it."""
    return sessions.Origin(truncated(request.remote_addr or ""), device(request.headers.get("User-Agent", "")))


def here() -> store.Session | None:
    """The session of this browser, when it has one."""
    found: store.Session | None = getattr(current_user, "session", None)
    return found


def enter(key: str) -> None:
    """From now on this browser holds the session of this key, and nothing of an earlier visitor."""
    session.clear()
    session.permanent = True
    found = _load(key)
    if found is not None:
        login_user(found)


def forget() -> None:
    """This browser holds no session any more."""
    session.clear()
    g.pop("unseen", None)


def _see(answer: Response) -> Response:
    """Write down, after the page's own work, that the session is in use; the cookie lasts on with it."""
    unseen = g.pop("unseen", None)
    if unseen is None:
        return answer
    try:
        with g.context.database.write(urgent=True) as conn:
            session.modified = sessions.see(conn, unseen, g.context.clock.real()) or session.modified
    except (DBAPIError, OutsideError) as error:
        log.warning("last use of a session not written", error=type(error).__name__)
    return answer


def person() -> Person:
    """Who is signed in."""
    found: Person = current_user.person
    return found


def account() -> store.Account:
    """The account of who is signed in."""
    found: store.Account = current_user.account
    return found


def public(view: View) -> View:
    """Marks a view that needs no account."""
    view.needs_no_account = True  # type: ignore[attr-defined]
    return view


def safe_path(text: str | None) -> str | None:
    """A path of this site to go back to, or None: never another host, never a scheme."""
    if not text or not text.startswith("/") or text.startswith("//") or "\\" in text or len(text) > 2000:
        return None
    return text if text.isprintable() else None


def _ask_for_account() -> ResponseReturnValue | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "needs_no_account", False) or current_user.is_authenticated:
        return None
    if request.headers.get("HX-Request"):
        abort(401, say("Your session has ended. Sign in in another tab, then try again; nothing you wrote is lost."))
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("account.login", next=wanted if wanted != "/" else None), 303)


def install(app: Flask) -> None:
    """Load the account of each request; turn away who has none."""
    manager = LoginManager()
    manager.session_protection = None  # phones change their address all day
    manager.init_app(app)
    manager.user_loader(_load)
    app.before_request(_ask_for_account)
    app.after_request(_see)
