"""Accounts of staff: add, invite, reset, profile, absences, and the audit line of every change.

Whoever acts is written as in `actor`: `cli`, `user:4`. All times here are real time.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from nurture.kernel.errors import ConflictError, InputError, NotFoundError, Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.identity import bearer, bearer_hash
from nurture.kernel.later import later
from nurture.kernel.text import clean
from nurture.kernel.zones import zone_named
from nurture.users import hours, passwords, store
from nurture.users.model import Role
from nurture.users.tables import audit, away, user_links, users

if TYPE_CHECKING:
    import email_validator
else:
    email_validator = later("email_validator")  # at the first address of a new account

LINK_LIFE = {"invite": timedelta(days=7), "reset": timedelta(hours=2)}
THEMES = ("auto", "light", "dark")
_DEAD = N_("This link was used before or has expired")


def note(
    conn: Connection, *, actor: str, action: str, subject: str, at: datetime, detail: Mapping[str, Any] | None = None
) -> None:
    """One line of the audit: who did what to what."""
    kind, _, number = actor.partition(":")
    conn.execute(
        audit.insert().values(
            at=at,
            user_id=int(number) if kind == "user" and number.isdigit() else None,
            actor=actor,
            action=action,
            subject=subject,
            detail=dict(detail or {}),
        )
    )


def address(text: str) -> str:
    """The normalized address of an account; InputError when it is none."""
    try:
        found = email_validator.validate_email(clean(text), check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError as error:
        problem = Problem("bad_email", N_("This is not an email address"), path="email")
        raise InputError([problem]) from error
    return found.normalized.lower()


def add(
    conn: Connection,
    *,
    email: str,
    name: str,
    role: str,
    real: datetime,
    actor: str,
    password: str | None = None,
    phone: str | None = None,
    language: str | None = None,
) -> int:
    """A new account; gives its id. InputError names what is wrong, ConflictError when the address is taken."""
    normalized = address(email)
    found = [] if role in set(Role) else [Problem("bad_role", N_("There is no such role"), path="role")]
    if not clean(name):
        found.append(Problem("no_name", N_("Write a name"), path="name"))
    if password is not None:
        found += passwords.problems(password, normalized)
    if found:
        raise InputError(found)
    if store.by_email(conn, normalized):
        raise ConflictError(N_("There is an account with this address already"))
    values = {
        "email": normalized,
        "name": clean(name, 120),
        "role": role,
        "password_hash": passwords.hashed(password) if password is not None else None,
        "phone": phone,
        "language": language,
        "working_hours": hours.DEFAULT,
        "created_at": real,
    }
    user_id = int(conn.execute(users.insert().values(values).returning(users.c.id)).scalar_one())
    note(conn, actor=actor, action="user.add", subject=f"user:{user_id}", at=real, detail={"role": role})
    return user_id


def first_admin(conn: Connection, *, email: str, password: str, real: datetime, actor: str) -> str | None:
    """Make an admin while nobody enabled is one; gives its address, None when somebody is.

    The address is the one asked for, or with a number where an account has that: `admin2@…`.
    """
    if store.has_admin(conn):
        return None
    local, _, domain = address(email).partition("@")
    free = (f"{local}{number}@{domain}" for number in ("", *range(2, 10**6)))
    chosen = next(one for one in free if store.by_email(conn, one) is None)
    add(conn, email=chosen, name="Admin", role=Role.ADMIN.value, password=password, real=real, actor=actor)
    return chosen


def _link(conn: Connection, user_id: int, purpose: str, real: datetime) -> str:
    """A fresh one-time token; the earlier ones of this purpose stop working."""
    earlier = (user_links.c.user_id == user_id) & (user_links.c.purpose == purpose) & user_links.c.used_at.is_(None)
    conn.execute(user_links.update().where(earlier).values(used_at=real))
    token = bearer()
    conn.execute(
        user_links.insert().values(
            user_id=user_id, purpose=purpose, token_hash=bearer_hash(token), expires_at=real + LINK_LIFE[purpose]
        )
    )
    return token


def invite(
    conn: Connection, *, email: str, name: str, role: str, real: datetime, actor: str, language: str | None = None
) -> tuple[int, str]:
    """A new account without password and the token of its `/invite/<token>` page, good for seven days.

    For an account that never had a password: a fresh token, the earlier one stops working.
    """
    known = store.by_email(conn, address(email))
    if known and (known.password_hash or known.disabled_at):
        raise ConflictError(N_("There is an account with this address already"))
    user_id = known.id if known else add(
        conn, email=email, name=name, role=role, real=real, actor=actor, language=language
    )  # fmt: skip
    note(conn, actor=actor, action="user.invite", subject=f"user:{user_id}", at=real)
    return user_id, _link(conn, user_id, "invite", real)


def reset(conn: Connection, *, email: str, real: datetime, actor: str) -> tuple[int, str]:
    """The token of a `/reset/<token>` page, good for two hours; NotFoundError without an enabled account."""
    known = store.by_email(conn, address(email))
    if known is None or known.disabled_at:
        raise NotFoundError(N_("There is no account with this address"))
    note(conn, actor=actor, action="user.reset", subject=f"user:{known.id}", at=real)
    return known.id, _link(conn, known.id, "reset", real)


def holder(conn: Connection, purpose: str, token: str, real: datetime) -> store.Account | None:
    """Whose unused, unexpired one-time token this is."""
    row = conn.execute(
        user_links.select().where(user_links.c.token_hash == bearer_hash(token), user_links.c.purpose == purpose)
    ).one_or_none()
    if row is None or row.used_at or row.expires_at <= real:
        return None
    account = store.by_id(conn, row.user_id)
    return None if account is None or account.disabled_at else account


def redeem(conn: Connection, purpose: str, token: str, password: str, *, real: datetime) -> int:
    """Set the password by a one-time token; gives the account's id. NotFoundError when the token is not good."""
    account = holder(conn, purpose, token, real)
    if account is None:
        raise NotFoundError(_DEAD)
    unused = (user_links.c.token_hash == bearer_hash(token)) & user_links.c.used_at.is_(None)
    if not conn.execute(user_links.update().where(unused).values(used_at=real)).rowcount:
        raise NotFoundError(_DEAD)  # somebody was faster by an instant
    set_password(conn, account.id, password, real=real, actor=f"user:{account.id}")
    return account.id


def set_password(
    conn: Connection, user_id: int, password: str, *, real: datetime, actor: str, keep: int | None = None
) -> None:
    """A new password; every session of the account but the one to keep ends, and open links stop working."""
    account = _present(conn, user_id)
    found = passwords.problems(password, account.email)
    if found:
        raise InputError(found)
    # The account first: a sign-in by the old password that is under way either has its session by now, or gets none.
    conn.execute(users.update().where(users.c.id == user_id).values(password_hash=passwords.hashed(password)))
    ended = store.end_sessions(conn, user_id, real, keep=keep)
    unused = (user_links.c.user_id == user_id) & user_links.c.used_at.is_(None)
    conn.execute(user_links.update().where(unused).values(used_at=real))
    note(conn, actor=actor, action="user.set_password", subject=f"user:{user_id}", at=real, detail={"sessions": ended})


def disable(conn: Connection, user_id: int, *, real: datetime, actor: str) -> None:
    """The account may not come in any more; its sessions end."""
    _present(conn, user_id)
    conn.execute(users.update().where(users.c.id == user_id).values(disabled_at=real))
    ended = store.end_sessions(conn, user_id, real)
    note(conn, actor=actor, action="user.disable", subject=f"user:{user_id}", at=real, detail={"sessions": ended})


def set_display(conn: Connection, user_id: int, *, language: str | None = None, theme: str | None = None) -> None:
    """Remember how the person wants the pages; unknown words are refused."""
    if language not in {None, *LANGUAGES} or theme not in {None, *THEMES}:
        raise InputError(N_("There is no such choice"))
    values = {key: value for key, value in {"language": language, "theme": theme}.items() if value}
    if values:
        conn.execute(users.update().where(users.c.id == user_id).values(values))


def set_profile(
    conn: Connection, user_id: int, *, name: str, phone: str, zone: str, working: Mapping[str, Any], real: datetime
) -> None:
    """Name, phone (E.164 or empty), zone and working hours of the person's own account."""
    found = hours.problems(working)
    if not clean(name):
        found.append(Problem("no_name", N_("Write a name"), path="name"))
    if zone_named(zone) is None:
        found.append(Problem("bad_zone", N_("There is no such time zone"), path="zone"))
    if found:
        raise InputError(found)
    before = _present(conn, user_id)
    written = {"days": hours.written(hours.days_of(working["days"])), "from": working["from"], "to": working["to"]}
    values = {"name": clean(name, 120), "phone": phone or None, "zone": zone, "working_hours": written}
    conn.execute(users.update().where(users.c.id == user_id).values(values))
    seen = {"name": before.name, "phone": before.phone, "zone": before.zone, "working_hours": before.working_hours}
    changed = {key: [seen[key], value] for key, value in values.items() if seen[key] != value}
    if changed:
        actor, subject = f"user:{user_id}", f"user:{user_id}"
        note(conn, actor=actor, action="user.profile", subject=subject, at=real, detail=changed)


def add_absence(conn: Connection, user_id: int, first: date, last: date, *, real: datetime, actor: str) -> int:
    """Days away, both included; gives the absence's id."""
    _present(conn, user_id)
    if last < first:
        raise InputError([Problem("bad_span", N_("The last day must not be before the first"), path="last_day")])
    row = away.insert().values(user_id=user_id, first_day=first, last_day=last).returning(away.c.id)
    absence = int(conn.execute(row).scalar_one())
    detail = {"first": first.isoformat(), "last": last.isoformat()}
    note(conn, actor=actor, action="user.away", subject=f"user:{user_id}", at=real, detail=detail)
    return absence


def remove_absence(conn: Connection, user_id: int, absence: int, *, real: datetime, actor: str) -> None:
    """Take days away back; NotFoundError when they are not this person's."""
    gone = conn.execute(away.delete().where(away.c.id == absence, away.c.user_id == user_id)).rowcount
    if not gone:
        raise NotFoundError(N_("There is no such absence"))
    note(conn, actor=actor, action="user.not_away", subject=f"user:{user_id}", at=real)


def _present(conn: Connection, user_id: int) -> store.Account:
    account = store.by_id(conn, user_id)
    if account is None:
        raise NotFoundError(N_("There is no such account"))
    return account
