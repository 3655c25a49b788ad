"""What every view needs: the context, forms with their findings, toasts, and going on after a POST."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Response, flash, g, redirect, request
from flask import render_template as _render
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.engine import Connection
from werkzeug.urls import iri_to_uri

from nurture.engine import known as names
from nurture.engine.known import House, Known
from nurture.kernel import installation
from nurture.kernel.context import Context
from nurture.kernel.errors import InputError, Problem
from nurture.leads.desk import Hand
from nurture.rules.facts import Facts
from nurture.rules.titles import Titles
from nurture.web.language import language, say
from nurture.web.session import person, safe_path


def context() -> Context:
    """Settings, database, clock and keys of this process."""
    found: Context = g.context
    return found


_LONGEST_TOAST = 300  # what is said on the next page travels in the session cookie, and browsers drop a large one
_LONGEST_UNDO = 1_000


@contextmanager
def read() -> Iterator[Connection]:
    """A connection for looking."""
    with context().database.read() as conn:
        yield conn


@contextmanager
def write() -> Iterator[Connection]:
    """One transaction for changing; open it late and keep it short."""
    with context().database.write() as conn:
        yield conn


def now() -> datetime:
    """Engine time, the same through the whole request."""
    if "engine_now" not in g:
        g.engine_now = context().clock.engine()
    found: datetime = g.engine_now
    return found


def known(conn: Connection | None = None) -> Known:
    """What things are called and what is published, read once for each request; on this connection, if it has to be."""
    if "known" not in g:
        if conn is not None:
            g.known = names.load(conn)
        else:
            with read() as own:
                g.known = names.load(own)
    found: Known = g.known
    return found


def house() -> House | None:
    """The installation as the band needs it; None before the first start. Also where nothing else can be read."""
    if "known" in g:
        return known().house
    if "house" not in g:
        with read() as conn:
            row = installation.load(conn)
        g.house = House(row.mode, row.demo, row.speed, row.stopped_sending) if row else None
    found: House | None = g.house
    return found


def email_titles() -> Mapping[str, str]:
    """What people call each email, by its key, in the page's language."""
    if "email_titles" not in g:
        g.email_titles = known().titles(language())
    found: Mapping[str, str] = g.email_titles
    return found


def titles(conn: Connection) -> Titles:
    """What people call whatever a rule may name, in the page's language."""
    return known(conn).called(language())


def real() -> datetime:
    """Real time, the same through the whole request."""
    if "real_now" not in g:
        g.real_now = context().clock.real()
    found: datetime = g.real_now
    return found


def two_clocks() -> bool:
    """Whether engine time is another time than that on the wall."""
    found = house()
    return found is not None and found.mode == "lapse"


def facts(conn: Connection) -> Facts:
    """What rules may ask."""
    return known(conn).facts(context().settings.zone)


def zone() -> ZoneInfo:
    """The reader's time zone."""
    return ZoneInfo(person().zone) if current_user.is_authenticated else context().settings.local_zone


def hand() -> Hand:
    """Who acts in this request, and when."""
    return Hand(person(), now(), real())


def is_htmx() -> bool:
    """Whether htmx asks, and a fragment will do."""
    return request.headers.get("HX-Request") == "true"


def is_live() -> bool:
    """Whether a region of an open page asks if something is new; 204 says no."""
    return "X-Live" in request.headers


def is_unchanged(version: str) -> bool:
    """Whether a region of an open page asks for news and shows this version already: 204 says so."""
    return is_live() and request.args.get("since") == version


def whole(text: str | None) -> int | None:
    """A number of a query or form that a key column can hold; None for everything else."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def moment(text: str | None) -> tuple[datetime, int] | None:
    """Where a list by time goes on, as its `~` address says it: instant and key; None for what is no such place."""
    instant, _, number = (text or "").partition("~")
    try:
        at = datetime.fromisoformat(instant)
    except ValueError:
        return None
    key = whole(number)
    return (at, key) if key is not None and at.tzinfo and 1970 <= at.year < 9999 else None


@dataclass(frozen=True, slots=True)
class Form:
    """Values of a form and what is wrong with them; a finding's `path` is the field's name."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()
    name: str = ""  # tells apart two forms of one page

    def value(self, field: str, otherwise: Any = "") -> Any:
        """What stands in the field."""
        found = self.values.get(field)
        return otherwise if found is None else found

    def errors(self, field: str) -> list[str]:
        """What is wrong with the field, in the reader's language."""
        return [said(problem) for problem in self.problems if problem.path == field]

    def with_value(self, field: str, value: Any) -> "Form":
        """The same form; this stands in the field unless something else was sent."""
        return self if self.problems else replace(self, values={**self.values, field: value})


def form_for(form: Form, name: str) -> Form:
    """The form of this name on a page of several: the one that was refused, or an empty one."""
    return form if form.name == name else Form({}, (), name)


def said(problem: Problem) -> str:
    """A finding in the reader's language."""
    return say(problem.message, **dict(problem.params))


def submitted(error: InputError | None = None, name: str = "") -> Form:
    """The form as it was sent, with the findings of an InputError."""
    return Form(request.form.to_dict(), error.problems if error else (), name)


def render(template: str, status: int = 200, **values: Any) -> Response:
    """A page, or its main part when htmx asks."""
    layout = "layout/fragment.html" if is_htmx() else "layout/page.html"
    return Response(_render(template, layout=layout, **values), status, content_type="text/html; charset=utf-8")


def toast(text: str, *, undo: str | None = None, fields: Mapping[str, str] | None = None) -> None:
    """Say it on the next page; `undo` is the path of a POST that takes it back, with these fields."""
    kept = dict(fields or {})
    if sum(map(len, kept.values())) > _LONGEST_UNDO:
        undo, kept = None, {}
    flash({"text": text[:_LONGEST_TOAST], "undo": undo, "fields": kept}, "toast")  # type: ignore[arg-type]


def go(path: str) -> ResponseReturnValue:
    """After a POST: 303 to the path; under htmx to another page a full load, so that the address follows."""
    here = urlsplit(request.headers.get("HX-Current-URL", "")).path
    if is_htmx() and here != urlsplit(path).path:
        return Response(status=204, headers={"HX-Redirect": iri_to_uri(path)})
    return redirect(path, 303)


def back(otherwise: str) -> ResponseReturnValue:
    """After a POST: to the path the form names in `next`, else to the other."""
    return go(safe_path(request.form.get("next")) or otherwise)
