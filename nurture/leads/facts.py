"""What rules may ask of a lead's own data: its columns, its tags, and the fields of an installation's own. Pure."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from nurture.activities.model import Kind
from nurture.kernel.database import FOLDED
from nurture.kernel.i18n import N_
from nurture.kernel.text import is_key
from nurture.leads.model import FieldDefinition, FieldType, Lifecycle, Temperature
from nurture.leads.normalize import honorific_of, source_of, tag_key
from nurture.leads.tables import companies, lead_tags, leads
from nurture.rules.facts import LARGEST, About, Event, Facet, Fact, Living, NameSet, Type, same
from nurture.users.tables import users


class FieldValue(FunctionElement[Any]):
    """A field of an installation's own, out of `leads.fields`, in the form that is compared; NULL if of another type.

    The one expression for queries and for indexes. Text comes folded, yes and no come as `true` and `false`.
    """

    inherit_cache = True

    def __init__(self, key: str, kind: FieldType) -> None:
        if not is_key(key):
            raise ValueError(f"no key of a field: {key!r}")
        # The key and the kind stand in the text of the statement, so that an index on the expression is found.
        super().__init__(leads.c.fields, sa.literal_column(key), sa.literal_column(kind.value))
        self.type = sa.Numeric(asdecimal=False) if kind is FieldType.NUMBER else sa.Text()


def _parts(element: FieldValue, compiler: Any, options: Any) -> tuple[str, str, str]:
    document, key, kind = element.clauses
    return compiler.process(document, **options), str(key.name), str(kind.name)


@compiles(FieldValue, "sqlite")
def _sqlite(element: FieldValue, compiler: Any, **options: Any) -> str:
    document, key, kind = _parts(element, compiler, options)
    place = f"""'$."{key}"'"""
    kept = f"json_type({document}, {place})"
    value = f"json_extract({document}, {place})"
    match kind:
        case "number":
            return f"CASE WHEN {kept} IN ('integer', 'real') AND abs({value} + 0.0) < {LARGEST} THEN {value} END"
        case "yes_no":
            return f"CASE WHEN {kept} IN ('true', 'false') THEN {kept} END"
        case "date":
            day = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
            return f"CASE WHEN {kept} = 'text' AND {value} GLOB '{day}' THEN {value} END"
    folded = f"""json_extract({document}, '$."{FOLDED}"."{key}"')"""
    if kind == "list":
        return f"CASE WHEN {kept} = 'array' THEN nullif({folded}, '') END"
    return f"CASE WHEN {kept} = 'text' THEN coalesce({folded}, {value}) END"


@compiles(FieldValue, "postgresql")
def _postgresql(element: FieldValue, compiler: Any, **options: Any) -> str:
    document, key, kind = _parts(element, compiler, options)
    kept = f"jsonb_typeof({document} -> '{key}')"
    value = f"({document} ->> '{key}')"
    match kind:
        case "number":
            # a number of more than 300 digits would not fit the cast
            fits = f"{kept} = 'number' AND length({value}) <= 300"
            return f"(CASE WHEN {fits} THEN CAST({value} AS DOUBLE PRECISION) END)"
        case "yes_no":
            return f"(CASE WHEN {kept} = 'boolean' THEN {value} END)"
        case "date":
            day = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
            return f"""((CASE WHEN {kept} = 'string' AND {value} ~ '{day}' THEN {value} END) COLLATE "C")"""
    folded = f"({document} -> '{FOLDED}' ->> '{key}')"
    if kind == "list":
        return f"""((CASE WHEN {kept} = 'array' THEN nullif({folded}, '') END) COLLATE "C")"""
    return f"""((CASE WHEN {kept} = 'string' THEN coalesce({folded}, {value}) END) COLLATE "C")"""


_TYPES = {
    FieldType.TEXT: Type.TEXT,
    FieldType.NUMBER: Type.NUMBER,
    FieldType.DATE: Type.DATE,
    FieldType.YES_NO: Type.YES_NO,
    FieldType.CHOICE: Type.CHOICE,
    FieldType.LIST: Type.LIST,
}


def own(definitions: Iterable[FieldDefinition]) -> tuple[Fact, ...]:
    """The facts of an installation's own fields."""
    return tuple(
        Fact(
            one.key,
            _TYPES[one.type],
            one.label,
            FieldValue(one.key, one.type),
            shown=leads.c.fields,
            part=one.key,
            choices=one.choices if one.type is FieldType.CHOICE else (),
        )
        for one in definitions
        if is_key(one.key)
    )


def _address(text: str) -> str:
    return text.strip().lower()


def _number(text: str) -> str:
    """A piece of a phone number as it is stored: 0901… is +84901…."""
    digits = "".join(c for c in text if c.isdigit() or c == "+")
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return f"+84{digits[1:]}" if digits.startswith("0") else digits


def _of_company(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    return sa.select(column).where(companies.c.id == leads.c.company_id).correlate(leads).scalar_subquery()


_OWNER = sa.select(users.c.email).where(users.c.id == leads.c.owner_id).correlate(leads).scalar_subquery()

_TEMPERATURES = {
    Temperature.COLD.value: (N_("is cold"), N_("is not cold")),
    Temperature.WARM.value: (N_("is warm"), N_("is not warm")),
    Temperature.HOT.value: (N_("is hot"), N_("is not hot")),
}
_STAGES = {
    Lifecycle.SUBSCRIBER.value: (N_("is a subscriber"), N_("is not a subscriber")),
    Lifecycle.LEAD.value: (N_("is at the stage lead"), N_("is not at the stage lead")),
    Lifecycle.MQL.value: (N_("is an MQL"), N_("is not an MQL")),
    Lifecycle.SQL.value: (N_("is an SQL"), N_("is not an SQL")),
    Lifecycle.OPPORTUNITY.value: (N_("is at the stage opportunity"), N_("is not at the stage opportunity")),
    Lifecycle.CUSTOMER.value: (N_("is a customer"), N_("is not a customer")),
}

FACTS = (
    Living(leads.c.id, (leads.c.merged_into.is_(None),)),
    NameSet(
        "tag",
        lead_tags,
        lead_tags.c.lead_id,
        lead_tags.c.tag,
        (N_("has the tag %(names)s"), N_("does not have the tag %(names)s")),
        fold_literal=tag_key,
    ),
    Fact(
        "temperature",
        Type.CHOICE,
        N_("temperature"),
        leads.c.temperature,
        nullable=False,
        direct=True,
        choices=tuple(Temperature),
        said=_TEMPERATURES,
    ),
    Fact(
        "lifecycle",
        Type.CHOICE,
        N_("lifecycle stage"),
        leads.c.lifecycle,
        nullable=False,
        direct=True,
        choices=tuple(Lifecycle),
        said=_STAGES,
    ),
    Fact(
        "source",
        Type.TEXT,
        N_("source"),
        leads.c.source,
        nullable=False,
        direct=True,
        fold_value=same,
        fold_literal=source_of,
    ),
    Fact(
        "first_source",
        Type.TEXT,
        N_("first source"),
        leads.c.first_source,
        nullable=False,
        fold_value=same,
        fold_literal=source_of,
    ),
    Fact(
        "owner",
        Type.PERSON,
        N_("owner"),
        _OWNER,
        direct=True,
        fold_value=same,
        fold_literal=_address,
    ),
    Fact("engagement", Type.NUMBER, N_("engagement"), leads.c.engagement, nullable=False, direct=True),
    Fact("fit", Type.NUMBER, N_("fit"), leads.c.fit, nullable=False, direct=True),
    Fact("score", Type.NUMBER, N_("score"), leads.c.engagement + leads.c.fit, nullable=False, direct=True),
    Fact("name", Type.TEXT, N_("name"), leads.c.name_folded, shown=leads.c.name, nullable=False),
    Fact("email", Type.TEXT, N_("email"), leads.c.email, fold_value=same, fold_literal=_address),
    Fact("phone", Type.TEXT, N_("phone"), leads.c.phone, fold_value=same, fold_literal=_number),
    Fact("city", Type.TEXT, N_("city"), leads.c.city_folded, shown=leads.c.city, nullable=False),
    Fact(
        "company",
        Type.TEXT,
        N_("company"),
        _of_company(companies.c.name_folded),
        shown=_of_company(companies.c.name),
    ),
    Facet("company", {"name": "company", "domain": "company_domain", "size": "company_size"}),
    Fact(
        "company_domain",
        Type.TEXT,
        N_("domain of the company"),
        _of_company(companies.c.domain),
        fold_value=same,
        fold_literal=_address,
    ),
    Fact("company_size", Type.NUMBER, N_("size of the company"), _of_company(companies.c.size)),
    Event(
        "tagged",
        Kind.TAGGED,
        (N_("was given a tag"), N_("was given no tag")),
        about=About("tag", fold_literal=tag_key),
    ),
    Event(
        "untagged",
        Kind.UNTAGGED,
        (N_("lost a tag"), N_("lost no tag")),
        about=About("tag", fold_literal=tag_key),
    ),
    Fact(
        "honorific",
        Type.TEXT,
        N_("honorific"),
        leads.c.honorific,
        nullable=False,
        fold_value=same,
        fold_literal=honorific_of,
    ),
    Fact("language", Type.TEXT, N_("language"), leads.c.language, fold_value=same, fold_literal=_address),
    Fact("created_at", Type.INSTANT, N_("arrived"), leads.c.created_at, nullable=False),
    Fact("updated_at", Type.INSTANT, N_("last changed"), leads.c.updated_at, nullable=False),
    Fact("last_activity_at", Type.INSTANT, N_("last active"), leads.c.last_activity_at),
    Fact("paused_at", Type.INSTANT, N_("automatic mail stopped"), leads.c.paused_at),
)
