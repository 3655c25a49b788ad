"""What is looked through before a launch, besides the numbers (queries): way out, languages, links, missing values."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from nurture.broadcasts.model import Definition
from nurture.kernel.i18n import N_
from nurture.kernel.settings import Settings
from nurture.leads.tables import companies, leads
from nurture.messages.checklist import Item, Level, of_email, together
from nurture.messages.links import PlainLinks
from nurture.messages.model import Compiled, choose_language
from nurture.messages.personalize import MissingField, Personalizer, TemplateFailure
from nurture.messages.tables import template_revisions, templates
from nurture.messages.values import house_values, message_values
from nurture.policy.laws import profile
from nurture.users.tables import users

_TONGUES = {"vi": "Tiếng Việt", "en": "English"}
Emails = Mapping[tuple[str, str], Mapping[str, Any]]  # compiled, by key and language
SAMPLE = 60  # leads whose email is really made
FEW = 100  # emails for each variant under which a test seldom finds a winner


def items(
    conn: Connection,
    chosen: Definition,
    *,
    settings: Settings,
    stored: Emails,
    wished: Mapping[str, int],
    will: Sequence[Row[Any]],
    empty: bool,
) -> tuple[Item, ...]:
    """The whole list. `wished` counts by language those who will get it."""
    there = spoken(stored)
    found: list[Item] = []
    if empty:
        found.append(Item(Level.BAD, N_("Nobody is in the audience")))
    elif not will:
        found.append(Item(Level.BAD, N_("Nobody would get it")))
    texts = _texts(chosen, stored)
    found += _looked(chosen, texts, settings)
    found += _languages(chosen, there, wished)
    found += _links(texts, settings)
    found += _values(conn, chosen, texts, will, settings)
    return (*found, *_test(chosen, len(will)))


_Texts = Mapping[tuple[str, str], Compiled]  # by variant and language


def emails(conn: Connection, chosen: Definition) -> Emails:
    """The present emails of the variants, each in all its languages."""
    query = (
        sa.select(templates.c.key, templates.c.language, template_revisions.c.compiled)
        .join(template_revisions, template_revisions.c.id == templates.c.revision_id)
        .where(templates.c.key.in_(sorted({one.email for one in chosen.variants})))
        .order_by(templates.c.key, templates.c.language)
    )
    return {(row.key, row.language): row.compiled for row in conn.execute(query)}


def spoken(stored: Emails) -> dict[str, list[str]]:
    """In which languages each email is there."""
    found: dict[str, list[str]] = {}
    for key, language in stored:
        found.setdefault(key, []).append(language)
    return found


def _texts(chosen: Definition, stored: Emails) -> _Texts:
    """The present text of each variant in each language."""
    there = spoken(stored)
    found = {}
    for variant in chosen.variants:
        for language in there.get(variant.email, ()):
            data = dict(stored[variant.email, language])
            data |= {"subject": variant.subject[language]} if language in variant.subject else {}
            found[variant.key, language] = Compiled.from_json(data)
    return found


def _looked(chosen: Definition, texts: _Texts, settings: Settings) -> tuple[Item, ...]:
    """What is to be said of the emails themselves; those of several variants as one list."""
    law, house = profile(settings.law), house_values(settings)
    several = len(chosen.variants) > 1
    return together(
        {
            f"{key} {language}" if several else language: of_email(
                text, chosen.sending.class_, law, house, settings.base_url, leaves=not settings.stays_here
            )
            for (key, language), text in texts.items()
        }
    )


def _languages(chosen: Definition, there: Mapping[str, Sequence[str]], wished: Mapping[str, int]) -> list[Item]:
    missing = [one.email for one in chosen.variants if not there.get(one.email)]
    if missing:
        return [Item(Level.BAD, N_("There is no email “%(email)s”"), {"email": missing[0]})]
    common = set.intersection(*(set(there[one.email]) for one in chosen.variants))
    foreign = sum(count for language, count in wished.items() if language not in common)
    counts = ", ".join(f"{_TONGUES.get(language, language)}: {count}" for language, count in wished.items())
    if foreign:
        text = N_("%(count)s read it in another language than their own (%(counts)s)")
        return [Item(Level.WATCH, text, {"count": foreign, "counts": counts})]
    return [Item(Level.GOOD, N_("Everybody reads it in their own language (%(counts)s)"), {"counts": counts})]


def _links(texts: _Texts, settings: Settings) -> list[Item]:
    links = {link for one in texts.values() for link in one.links}
    broken = sorted(link for link in links if not link.startswith(("http://", "https://", "{{")))
    if broken:
        return [Item(Level.BAD, N_("This link leads nowhere: %(link)s"), {"link": broken[0][:200]})]
    if not settings.links_reach_leads:
        if settings.stays_here:
            text = N_("Links lead to this machine only; that is right for trying it out, and nothing leaves it")
            return [Item(Level.WATCH, text)]
        text = N_("Links and unsubscribing would be dead: NURTURE_BASE_URL cannot be opened from outside")
        return [Item(Level.BAD, text)]
    return (
        [Item(Level.GOOD, N_("Every link has its whole address (%(count)s)"), {"count": len(links)})] if texts else []
    )


def _values(
    conn: Connection, chosen: Definition, texts: _Texts, will: Sequence[Row[Any]], settings: Settings
) -> list[Item]:
    """Really make the email for leads spread over the audience, in each variant."""
    if not will or not texts:
        return []
    step = max(1, len(will) // SAMPLE)
    sample = list(will[::step][:SAMPLE])
    lacking: Counter[str] = Counter()
    makers: dict[tuple[str, str], Personalizer] = {}
    try:
        makers = {name: Personalizer(text) for name, text in texts.items()}
        for lead, values in _values_of(conn, sample, settings):
            for one in chosen.variants:
                spoken = [language for key, language in texts if key == one.key]
                name = one.key, choose_language((lead.language, settings.language), spoken) or ""
                if name in makers:
                    _make(makers[name], values, settings, lacking)
    except TemplateFailure as failure:
        return [Item(Level.BAD, N_("The email cannot be made: %(error)s"), {"error": str(failure)[:300]})]
    looked = {"count": len(sample)}
    if not lacking:
        return [Item(Level.GOOD, N_("Nothing is missing in the emails of %(count)s leads looked at"), looked)]
    fields = ", ".join(f"{name} ({count})" for name, count in lacking.most_common(5))
    text = N_("Of %(count)s leads looked at some lack a value without a fallback, and would get nothing: %(fields)s")
    return [Item(Level.WATCH, text, {**looked, "fields": fields})]


def _make(maker: Personalizer, values: Mapping[str, Any], settings: Settings, lacking: Counter[str]) -> None:
    try:
        maker.render(values, PlainLinks(settings.base_url))
    except MissingField as missing:
        lacking[missing.field] += 1


def _values_of(
    conn: Connection, sample: Sequence[Row[Any]], settings: Settings
) -> Sequence[tuple[Row[Any], Mapping[str, Any]]]:
    """What the email would see of each of these leads."""
    query = (
        sa.select(
            leads,
            *(companies.c[name].label(f"of_{name}") for name in ("name", "domain", "size")),
            *(users.c[name].label(f"by_{name}") for name in ("name", "email", "phone")),
        )
        .select_from(
            leads.outerjoin(companies, companies.c.id == leads.c.company_id).outerjoin(
                users, sa.and_(users.c.id == leads.c.owner_id, users.c.disabled_at.is_(None))
            )
        )
        .where(leads.c.id.in_([one.id for one in sample]))
    )
    house = house_values(settings)
    found = []
    for row in conn.execute(query):
        company = SimpleNamespace(name=row.of_name, domain=row.of_domain, size=row.of_size)
        owner = SimpleNamespace(name=row.by_name, email=row.by_email, phone=row.by_phone)
        values = message_values(row, owner if row.by_email else None, company if row.of_name else None, house)
        found.append((row, values))
    return found


def _test(chosen: Definition, will: int) -> list[Item]:
    if chosen.test is None:
        return []
    each = int(will * chosen.test.share / len(chosen.variants))
    params = {"each": each, "rest": max(0, will - each * len(chosen.variants))}
    if each < FEW:
        text = N_("Each variant goes to about %(each)s leads: so few that a winner can seldom be told from chance")
        return [Item(Level.WATCH, text, params)]
    text = N_("Each variant goes to about %(each)s leads, the better one then to about %(rest)s")
    return [Item(Level.GOOD, text, params)]
