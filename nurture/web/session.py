"""Who is asking: the account behind the session cookie, and the rule that every page needs one unless it says not.

The cookie holds `<id>.<epoch>`; a new password or a disabled account raises the epoch, and every session ends.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user

from nurture.users import store
from nurture.users.model import Person
from nurture.web.language import say

View = TypeVar("View", bound=Callable[..., Any])


class Visitor(UserMixin):  # type: ignore[misc]
    """An account as flask-login sees it."""

    def __init__(self, account: store.Account, person: Person) -> None:
        self.account = account
        self.person = person

    def get_id(self) -> str:
        """What the session cookie remembers."""
        return f"{self.account.id}.{self.account.session_epoch}"


def visitor(account: store.Account) -> Visitor:
    """The account with the installation's language and zone filled in."""
    settings = g.context.settings
    return Visitor(account, account.person(settings.language, settings.zone))


def _load(remembered: str) -> Visitor | None:
    number, _, epoch = remembered.partition(".")
    if not number.isdecimal() or len(number) > 15:
        return None
    with g.context.database.read() as conn:
        account = store.by_id(conn, int(number))
    if account is None or account.disabled_at or str(account.session_epoch) != epoch:
        return None
    return visitor(account)


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
    manager.session_protection = None  # phones change their address all day; the epoch ends sessions instead
    manager.init_app(app)
    manager.user_loader(_load)
    app.before_request(_ask_for_account)
