"""An email as a lead would get it, for whoever writes emails: in words, and as a test mail to themselves (queries)."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy.engine import Connection

from nurture.kernel.context import Context
from nurture.kernel.errors import ForbiddenError, NotFoundError
from nurture.kernel.i18n import N_
from nurture.leads.model import Lead
from nurture.messages import service as messages
from nurture.messages import store
from nurture.messages.links import PlainLinks
from nurture.messages.model import Compiled, MessageClass, NewMessage, Purposes, choose_language
from nurture.messages.personalize import Personalizer, Rendered
from nurture.messages.values import house_values, message_values
from nurture.users import service as staff
from nurture.users import store as accounts
from nurture.users.model import Person


def current(conn: Connection, key: str, language: str) -> tuple[int, Compiled]:
    """The revision of an email that goes now, in this language or another. NotFoundError when there is none."""
    there = store.languages(conn, [key]).get(key, [])
    chosen = choose_language([language], there)
    revision = store.current_revision(conn, key, chosen) if chosen else None
    compiled = store.compiled(conn, revision) if revision is not None else None
    if revision is None or compiled is None:
        raise NotFoundError(N_("There is no email “%(email)s”"), email=key)
    return revision, compiled


def values_for(conn: Connection, ctx: Context, lead: Lead) -> dict[str, Any]:
    """What an email sees of this lead."""
    owner = accounts.by_id(conn, lead.owner_id) if lead.owner_id else None
    company = SimpleNamespace(name=lead.company, domain=None, size=None)
    return message_values(lead, owner, company, house_values(ctx.settings))


def read_as(conn: Connection, ctx: Context, compiled: Compiled, lead: Lead) -> Rendered:
    """The mail's words for this lead. MissingField and TemplateFailure as `Personalizer.render`."""
    return Personalizer(compiled).render(values_for(conn, ctx, lead), PlainLinks(ctx.settings.base_url))


def send_test(
    conn: Connection, ctx: Context, key: str, language: str, lead: Lead, to: int, by: Person | None, *, now: datetime,
    real: datetime, message_class: MessageClass = MessageClass.ADVERTISING,
) -> int:  # fmt: skip
    """Queue an email as a test to a member of staff; gives the message's id. Its links count nothing.

    ForbiddenError for whoever does not write emails; `by` None is the command line.
    """
    if by is not None and not by.may_define:
        raise ForbiddenError(N_("Tests are sent by whoever writes emails: marketers and admins"))
    revision, compiled = current(conn, key, language)
    link = PlainLinks(ctx.settings.base_url).unsubscribe()
    values: Mapping[str, Any] = {**values_for(conn, ctx, lead), "unsubscribe_url": link}
    message = NewMessage(
        Purposes.TEST, key, compiled.language, message_class, now, user_id=to, values=values, priority=1,
        unique_key=f"test:{to}:{secrets.token_hex(8)}", template_revision_id=revision,
    )  # fmt: skip
    (new,) = messages.write(conn, [message], now=now, real=real)
    actor = by.actor if by is not None else "cli"
    staff.note(conn, actor=actor, action="email.test", subject=f"email:{key}", at=real, detail={"to": to})
    assert new is not None  # noqa: S101 - its key is new
    return new
