"""Very many rows at once come out of the database as they were put in, on both."""

from typing import Any

import pytest
import sqlalchemy as sa

from nurture.kernel.bulk import new_ids, one_of, put
from nurture.kernel.context import Context
from nurture.kernel.database import folded_document, json_text
from nurture.leads.tables import leads

TEXTS = [
    "plain", "Nguyễn Đức", "tab\there", "two\nlines", "back\\slash", "\\N", "\\.", 'a "quoted" one', "{a,b}", "it's",
    "", "NULL", "carriage\rreturn", '","', "%s ? :x",
]  # fmt: skip


def _put(context: Context, names: list[str], **columns: Any) -> list[int]:
    now = context.clock.engine()
    with context.database.write() as conn:
        ids = list(new_ids(conn, leads, len(names)))
        known = {
            "id": ids, "public_id": [f"lead{one}" for one in ids], "email": [f"lead{one}@example.vn" for one in ids],
            "name": names, "fields": "{}", "created_at": now, "updated_at": now,
        }  # fmt: skip
        put(conn, leads, len(names), known | columns)
    return ids


def test_texts_come_back_as_they_were(context: Context) -> None:
    """Whatever COPY or SQL would take for a sign of its own."""
    kept = [None if n % 2 else text for n, text in enumerate(TEXTS)]
    ids = _put(context, TEXTS, paused_reason=kept, city_folded="all")
    with context.database.read() as conn:
        columns = (leads.c.id, leads.c.name, leads.c.paused_reason, leads.c.city_folded)
        rows = conn.execute(sa.select(*columns).order_by(leads.c.id)).all()
    assert [tuple(row) for row in rows] == [(*one, "all") for one in zip(ids, TEXTS, kept, strict=True)]


def test_documents_and_instants_keep_their_types(context: Context) -> None:
    """JSON is handed over as its text, folded as every other way of writing does."""
    documents = [{"city": "Huế", "size": 12, "note": 'x\\y "z"\n'}, {}]
    _put(context, ["a", "b"], fields=[json_text(folded_document(one)) for one in documents], phone=["+841", None])
    with context.database.read() as conn:
        rows = conn.execute(sa.select(leads.c.fields, leads.c.created_at, leads.c.phone).order_by(leads.c.id)).all()
        hidden = sa.cast(leads.c.fields, sa.Text)
        raw = conn.execute(sa.select(sa.func.count()).where(hidden.contains("hue"))).scalar_one()
    assert [row.fields for row in rows] == documents
    assert {row.created_at for row in rows} == {context.clock.engine()}
    assert [row.phone for row in rows] == ["+841", None]
    assert raw == 1


def test_numbers_taken_are_free_and_the_next_row_finds_its_own(context: Context) -> None:
    """Also a row that the database numbers by itself."""
    ids = _put(context, ["a", "b", "c"])
    now = context.clock.engine()
    with context.database.write() as conn:
        one = {"public_id": "x", "email": "x@example.vn", "fields": {}, "created_at": now, "updated_at": now}
        new = conn.execute(leads.insert().values(**one).returning(leads.c.id)).scalar_one()
    assert len(set(ids)) == 3
    assert new > max(ids)


@pytest.mark.parametrize("asked", [TEXTS, TEXTS[:1], []], ids=["many", "one", "none"])
def test_one_of_many_texts(context: Context, asked: list[str]) -> None:
    """Each text stands for itself, whatever signs are in it."""
    _put(context, [*TEXTS, "another"])
    with context.database.read() as conn:
        found = conn.execute(sa.select(leads.c.name).where(one_of(leads.c.name, asked))).scalars()
        assert sorted(found) == sorted(asked)
