"""Getting in and out, and one's own account: login, invitation, reset, profile."""

from datetime import date
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from nurture.kernel.errors import InputError, NotFoundError, Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.leads.normalize import phone_of
from nurture.users import hours, service, sessions, store
from nurture.users import login as signing
from nurture.web import language, security
from nurture.web.language import say
from nurture.web.page import Form, back, context, go, read, real, render, submitted, toast, write
from nurture.web.session import account, enter, forget, here, origin, person, public, safe_path

blueprint = Blueprint("account", __name__)

_WRONG = {
    signing.Refused.WRONG: N_("The address or the password is wrong"),
    signing.Refused.TOO_MANY: N_("Too many wrong passwords. Wait 15 minutes, or ask for a new password"),
}
_YEAR = 365 * 86_400


@blueprint.get("/login")
@public
def login() -> ResponseReturnValue:
    """The form to get in."""
    if current_user.is_authenticated:
        return redirect("/", 303)
    return render("account/login.html", form=Form({}), next=safe_path(request.args.get("next")))


@blueprint.post("/login")
@public
def log_in() -> ResponseReturnValue:
    """Open a session for the right address and password."""
    sent = request.form
    found = signing.sign_in(
        context().database, sent.get("email", ""), sent.get("password", ""), security.visitor_address(), real()
    )
    if isinstance(found, signing.Refused):
        form = Form(sent.to_dict(), (Problem(found.value, _WRONG[found], path="email"),))
        status = 429 if found is signing.Refused.TOO_MANY else 422
        return render("account/login.html", status, form=form, next=safe_path(sent.get("next")))
    earlier = here()
    with write() as conn:
        key = sessions.begin(conn, found, origin(), real=real(), instead_of=earlier.id if earlier else None)
    enter(key)
    return redirect(safe_path(sent.get("next")) or "/", 303)


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session: a copy of its cookie is good for nothing."""
    _end(_mine().id)
    return redirect(url_for("account.login"), 303)


def _mine() -> store.Session:
    found = here()
    assert found is not None  # noqa: S101 - the view needs an account
    return found


def _end(session_id: int) -> None:
    with write() as conn:
        sessions.end(conn, person().id, session_id, real=real(), actor=person().actor)
    if session_id == _mine().id:
        logout_user()
        forget()


@blueprint.route("/invite/<token>", methods=["GET", "POST"])
@public
def invite(token: str) -> ResponseReturnValue:
    """Accept an invitation: choose a password."""
    return _choose("invite", token)


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
@public
def reset(token: str) -> ResponseReturnValue:
    """Choose a new password by a link that an administrator or the mail gave."""
    return _choose("reset", token)


def _choose(purpose: str, token: str) -> ResponseReturnValue:
    with read() as conn:
        holder = service.holder(conn, purpose, token, real())
    if holder is None:
        return render("account/dead_link.html", 404)
    form = Form({})
    if request.method == "POST":
        try:
            key = _redeemed(purpose, token)
        except InputError as error:
            form = submitted(error)
        except NotFoundError:
            return render("account/dead_link.html", 404)
        else:
            enter(key)
            toast(say("Welcome, %(name)s", name=holder.name))
            return redirect("/", 303)
    status = 422 if form.problems else 200
    return render("account/choose_password.html", status, form=form, holder=holder, purpose=purpose)


def _redeemed(purpose: str, token: str) -> str:
    """The password set by a one-time link; the key of the session that begins with it."""
    earlier = here()
    with write() as conn:
        user_id = service.redeem(conn, purpose, token, request.form.get("password", ""), real=real())
        found = store.by_id(conn, user_id)
        assert found is not None  # noqa: S101 - redeemed just now
        return sessions.begin(conn, found, origin(), real=real(), instead_of=earlier.id if earlier else None)


@blueprint.post("/display")
@public
def display() -> ResponseReturnValue:
    """Language and theme: kept in a cookie, and with the account where there is one."""
    wanted = {key: request.form.get(key) for key in ("language", "theme")}
    language_, theme = wanted["language"], wanted["theme"]
    if language_ not in {None, *LANGUAGES} or theme not in {None, *service.THEMES}:
        raise InputError(N_("There is no such choice"))
    if current_user.is_authenticated:
        with write() as conn:
            service.set_display(conn, person().id, language=language_, theme=theme)
    answer = redirect(safe_path(request.form.get("next")) or "/", 303)
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    for name, value in ((language.COOKIE, language_), (language.THEME_COOKIE, theme)):
        if value:
            answer.set_cookie(name, value, max_age=_YEAR, httponly=True, samesite="Lax", secure=secure)
    return answer


def _profile_form() -> Form:
    mine = account()
    try:
        days: Any = hours.days_of(str(mine.working_hours.get("days", "")))
    except ValueError:
        days = ()
    return Form(
        {
            "name": mine.name,
            "phone": mine.phone or "",
            "zone": person().zone,
            "days": days,
            "from": mine.working_hours.get("from", ""),
            "to": mine.working_hours.get("to", ""),
        }
    )


def _profile(status: int = 200, form: Form | None = None) -> ResponseReturnValue:
    with read() as conn:
        absences = store.absences(conn, person().id)
        opened = sorted(store.sessions_of(conn, person().id, real()), key=lambda one: one.id != _mine().id)
    shown = form or _profile_form()
    forms = {"profile": _profile_form(), "away": Form({}), "password": Form({})}
    forms[shown.name or "profile"] = shown
    return render(
        "account/profile.html", status, form=shown, forms=forms, absences=absences, mine=account(), opened=opened,
        here=_mine().id,
    )  # fmt: skip


@blueprint.get("/me")
def profile() -> ResponseReturnValue:
    """One's own account."""
    return _profile()


@blueprint.post("/me")
def save_profile() -> ResponseReturnValue:
    """Name, phone, zone, working hours."""
    sent = request.form
    days = [day for day in sent.getlist("days") if day in hours.DAYS]
    working = {"days": hours.written(days), "from": sent.get("from", ""), "to": sent.get("to", "")}
    try:
        with write() as conn:
            service.set_profile(
                conn, person().id, name=sent.get("name", ""), phone=_phone(sent.get("phone", "")),
                zone=sent.get("zone", ""), working=working, real=real(),
            )  # fmt: skip
    except InputError as error:
        return _profile(422, Form({**sent.to_dict(), "days": days}, error.problems))
    toast(say("Saved"))
    return go(url_for("account.profile"))


def _phone(text: str) -> str:
    if not text.strip():
        return ""
    found = phone_of(text)
    if found is None:
        raise InputError([Problem("bad_phone", N_("This is not a phone number"), path="phone")])
    return found


@blueprint.post("/me/away")
def add_away() -> ResponseReturnValue:
    """Days away."""
    try:
        first, last = (_day(name) for name in ("first_day", "last_day"))
        with write() as conn:
            service.add_absence(conn, person().id, first, last, real=real(), actor=person().actor)
    except InputError as error:
        return _profile(422, submitted(error, "away"))
    toast(say("Saved"))
    return go(url_for("account.profile") + "#away")


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError as error:
        raise InputError([Problem("bad_day", N_("Choose a day"), path=name)]) from error


@blueprint.post("/me/away/<int:absence>/remove")
def remove_away(absence: int) -> ResponseReturnValue:
    """Not away after all."""
    with write() as conn:
        service.remove_absence(conn, person().id, absence, real=real(), actor=person().actor)
    toast(say("Removed"))
    return go(url_for("account.profile") + "#away")


@blueprint.post("/me/password")
def change_password() -> ResponseReturnValue:
    """A new password, with the present one; every other session ends, and this one goes on under a new key."""
    sent = request.form
    found = signing.sign_in(
        context().database, account().email, sent.get("present", ""), security.visitor_address(), real()
    )
    try:
        if isinstance(found, signing.Refused):
            text = N_("This is not your present password") if found is signing.Refused.WRONG else _WRONG[found]
            raise InputError([Problem("wrong_password", text, path="present")])
        mine = _mine().id
        with write() as conn:
            service.set_password(
                conn, person().id, sent.get("password", ""), real=real(), actor=person().actor, keep=mine
            )
            key = sessions.renew(conn, mine, real())
    except InputError as error:
        return _profile(422, Form({}, error.problems, "password"))
    enter(key)
    toast(say("The password is changed; other devices are signed out"))
    return back(url_for("account.profile"))


@blueprint.post("/me/sessions/<int:session_id>/end")
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign out of one browser, be it this one."""
    own = session_id == _mine().id
    _end(session_id)
    if own:
        return redirect(url_for("account.login"), 303)
    toast(say("That device is signed out"))
    return go(url_for("account.profile") + "#sessions")


@blueprint.post("/me/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    with write() as conn:
        sessions.end_all(conn, person().id, real=real(), actor=person().actor, keep=_mine().id)
    toast(say("All other devices are signed out"))
    return go(url_for("account.profile") + "#sessions")
