"""Titles of what rules name: of emails, campaigns, segments, tags and staff. Reads the database, in one query."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.campaigns.tables import campaigns
from nurture.kernel.text import in_language
from nurture.leads.tables import tags
from nurture.messages.store import title_of
from nurture.messages.tables import template_revisions, templates
from nurture.rules.titles import OWNER, UNTITLED, Name, Titles
from nurture.segments.tables import segments
from nurture.users.tables import users


def titles(conn: Connection, language: str, names: Iterable[Name]) -> Titles:
    """The titles of these things, in this language where they have one in several."""
    asked: dict[str, set[str]] = {}
    for kind, key in names:
        asked.setdefault(kind, set()).add(key)
    queries = [_QUERIES[kind](sorted(keys)) for kind, keys in sorted(asked.items()) if kind in _QUERIES]
    if not queries:
        return UNTITLED
    found: dict[Name, str] = {}
    for kind, key, said_in, text in conn.execute(sa.union_all(*queries)):
        if (kind, key) not in found or said_in == language:
            found[kind, key] = _read(kind, text or "", language)
    return Titles({name: title for name, title in found.items() if title})


def _query(kind: str, key: Any, title: Any, language: Any, keys: list[str]) -> sa.Select[Any]:
    columns: list[Any] = [sa.literal(kind, sa.Text), *(sa.cast(one, sa.Text) for one in (key, language, title))]
    return sa.select(*columns).where(key.in_(keys))


def _emails(keys: list[str]) -> sa.Select[Any]:
    t, subject = templates.c, template_revisions.c.source["subject"].as_string()
    query = _query("email", t.key, subject, t.language, keys)
    return query.select_from(templates.join(template_revisions, template_revisions.c.id == t.revision_id))


_NO = sa.literal("")
_QUERIES: Mapping[str, Callable[[list[str]], sa.Select[Any]]] = {
    "email": _emails,
    "campaign": lambda keys: _query("campaign", campaigns.c.key, campaigns.c.name, _NO, keys),
    "segment": lambda keys: _query("segment", segments.c.key, segments.c.name, _NO, keys),
    "tag": lambda keys: _query("tag", tags.c.key, tags.c.label, _NO, keys),
    OWNER: lambda keys: _query(OWNER, users.c.email, users.c.name, _NO, keys),
}


def _read(kind: str, text: str, language: str) -> str:
    if kind == "email":
        return title_of(text)
    return in_language(json.loads(text) if text else {}, language) if kind in {"campaign", "segment"} else text
