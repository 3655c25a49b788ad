"""Which lead an address or a number stands for, those of leads that were merged included (queries)."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.kernel.bulk import one_of
from nurture.leads.tables import leads

LONGEST_CHAIN = 20  # of merges; a merge leaves none longer than one


def ids_with_contact(conn: Connection, emails: Sequence[str], phones: Sequence[str]) -> Mapping[str, int]:
    """Lead keys by address, and by phone number for leads that have no address; of merged ones those of the winners."""
    found: dict[str, int] = {}
    merged: dict[str, int] = {}
    for wanted, values, where in ((leads.c.email, emails, sa.true()), (leads.c.phone, phones, leads.c.email.is_(None))):
        if not values:
            continue
        query = sa.select(wanted, leads.c.id, leads.c.merged_into).where(one_of(wanted, values), where)
        # the oldest lead with a number stands for it
        for contact, lead_id, into in conn.execute(query.order_by(leads.c.id.desc())):
            if into is None:
                found[contact] = lead_id
            else:
                merged[contact] = into
    winners = survivors(conn, merged.values())
    return {contact: winners[into] for contact, into in merged.items() if into in winners} | found


def survivors(conn: Connection, ids: Iterable[int]) -> dict[int, int]:
    """The leads that these were merged into at last; those that were not merged are their own.

    An erased one leads to itself, that is nowhere, and is left out.
    """
    found = {one: one for one in ids}
    for _ in range(LONGEST_CHAIN):
        query = sa.select(leads.c.id, leads.c.merged_into).where(
            leads.c.id.in_(sorted(set(found.values()))), leads.c.merged_into.is_not(None)
        )
        further = {row.id: row.merged_into for row in conn.execute(query)} if found else {}
        if not further:
            break
        found = {one: further.get(at, at) for one, at in found.items() if further.get(at) != at}
    return found


_ANY_MERGED = sa.select(sa.literal(1)).where(leads.c.merged_into.is_not(None)).limit(1)  # built once


def winners_of(conn: Connection, emails: Sequence[str]) -> dict[str, str]:
    """Of those of the addresses that are a merged lead's: the present address of the lead it was merged into."""
    if not emails or conn.execute(_ANY_MERGED).first() is None:
        return {}
    into = leads.alias("into")
    query = sa.select(leads.c.email, into.c.email).join(into, into.c.id == leads.c.merged_into)
    query = query.where(one_of(leads.c.email, emails), into.c.email.is_not(None))
    return {row[0]: row[1] for row in conn.execute(query)}
