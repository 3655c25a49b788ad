"""Importing: what comes in, what is refused, and that doing it twice or being killed changes nothing."""

import csv
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities, reactions
from nurture.capture.model import Options, Result
from nurture.capture.service import import_file, reading
from nurture.capture.tables import import_batches
from nurture.consents import store as consents_store
from nurture.consents.model import Purpose
from nurture.consents.tables import consents, suppressions
from nurture.kernel.context import Context
from nurture.kernel.database import metadata
from nurture.kernel.errors import ConflictError, InputError
from nurture.kernel.reasons import Reason
from nurture.kernel.signing import ring_to_json
from nurture.leads import store as leads_store
from nurture.leads.model import Lead, Lifecycle
from nurture.leads.tables import lead_conflicts, leads
from tests.storage.imports import HEADER, many, table, write

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bring(context: Context, tmp_path: Path) -> Callable[..., Result]:
    """Import these rows."""

    def run(
        rows: list[list[str]],
        header: tuple[str, ...] = HEADER,
        name: str = "leads.csv",
        chunk: int = 500,
        **options: Any,
    ) -> Result:
        return import_file(context, write(tmp_path / name, table(rows, header)), Options(**options), chunk=chunk)

    return run


def _lead(context: Context, email: str) -> Lead:
    with context.database.read() as conn:
        lead = leads_store.by_email(conn, email)
    assert lead is not None
    return lead


def _count(context: Context, counted: sa.Table) -> int:
    with context.database.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(counted)).scalar_one())


def _everything(context: Context) -> dict[str, int]:
    batch_tables = {"import_batches", "import_refusals"}
    return {one.name: _count(context, one) for one in metadata.sorted_tables if one.name not in batch_tables}


def _counts(result: Result) -> tuple[int, ...]:
    return (
        result.rows, result.created, result.updated, result.unchanged, result.duplicates, result.refused,
        result.without_consent,
    )  # fmt: skip


def test_rows_become_leads(context: Context, bring: Callable[..., Result]) -> None:
    """Names in NFC, numbers in E.164, blanks and `Select` missing, unknown columns typed."""
    decomposed = "Nguye\u0302\u0303n Va\u0306n Minh"
    result = bring(
        [[decomposed, " Minh@Example.com", "0901 234 567", "Select", "No", "No", "0", "12"],
         ["Lê Lan", "lan@example.com", "", "Huế", "No", "No", "1", ""]],
        tags=("Hội chợ",), source="Facebook",
    )  # fmt: skip
    minh, lan = _lead(context, "minh@example.com"), _lead(context, "lan@example.com")
    assert _counts(result) == (2, 2, 0, 0, 0, 0, 2)
    assert (minh.name, minh.given_name, minh.phone, minh.city) == ("Nguyễn Văn Minh", "Minh", "+84901234567", "")
    assert (minh.fields, lan.fields) == ({"so_nhan_vien": 12}, {})
    assert (minh.source, minh.first_source, minh.tags) == ("facebook", "facebook", ("hoi_cho",))
    assert (minh.lifecycle, lan.lifecycle) == (Lifecycle.LEAD, Lifecycle.CUSTOMER)
    assert minh.last_activity_at == context.clock.engine()


def test_each_new_lead_has_a_line_and_a_pending_reaction(context: Context, bring: Callable[..., Result]) -> None:
    """The cause names the batch and the line of the file."""
    result = bring([["A", "a@example.com", "", "", "", "", "", ""], ["B", "b@example.com", "", "", "", "", "", ""]])
    with context.database.read() as conn:
        lines = conn.execute(sa.select(activities.c.kind, activities.c.cause).order_by(activities.c.id)).all()
    assert [tuple(line) for line in lines] == [
        ("created", f"import:{result.batch} line 2"),
        ("created", f"import:{result.batch} line 3"),
    ]
    assert _count(context, reactions) == 2


def test_duplicates_fold_into_the_first(context: Context, bring: Callable[..., Result]) -> None:
    """Blanks are filled, other names and phones kept as conflicts, refusal and purchase win wherever they stand."""
    result = bring(
        [["Trần Mai", "mai@example.com", "0901111111", "", "No", "No", "0", "5"],
         ["Trần Thị Mai", " MAI@example.com ", "0902222222", "Đà Nẵng", "Yes", "No", "1", "6"]]
    )  # fmt: skip
    mai = _lead(context, "mai@example.com")
    with context.database.read() as conn:
        others = {(row["field"], row["value"]) for row in leads_store.conflicts_of(conn, mai.id)}
        standing = consents_store.standing(conn, context.keys, [(mai.id, mai.email)], "email")[mai.id]
    assert _counts(result) == (2, 1, 0, 0, 1, 0, 0)
    assert (mai.name, mai.phone, mai.city, mai.fields) == ("Trần Mai", "+84901111111", "Đà Nẵng", {"so_nhan_vien": 5})
    assert mai.lifecycle is Lifecycle.CUSTOMER
    assert others == {("name", "Trần Thị Mai"), ("phone", "+84902222222")}
    refusal = standing.refusal("care")
    assert refusal is not None
    assert refusal[0] is Reason.UNSUBSCRIBED


def test_the_split_into_parts_changes_nothing(context: Context, bring: Callable[..., Result]) -> None:
    """A duplicate a thousand rows below counts and folds as one right below."""
    whole = bring(many(60), consent="web form of May")
    before = _everything(context)
    again = bring(many(60), consent="web form of May", chunk=3)
    assert _counts(whole) == (60, 47, 0, 0, 4, 9, 0)
    assert _counts(again) == (60, 0, 0, 47, 4, 9, 0)
    assert _everything(context) == before


def test_parts_and_whole_write_the_same(context: Context, bring: Callable[..., Result]) -> None:
    """From nothing, in parts of three rows."""
    assert _counts(bring(many(60), consent="web form of May", chunk=3)) == (60, 47, 0, 0, 4, 9, 0)


def test_a_second_run_changes_nothing(context: Context, bring: Callable[..., Result]) -> None:
    """Not one line more, in any table but the batch's own."""
    bring(many(40), consent="web form of May", tags=("fair",))
    before = _everything(context)
    again = bring(many(40), consent="web form of May", tags=("fair",))
    assert (again.created, again.updated) == (0, 0)
    assert _everything(context) == before


def test_a_later_file_corrects_but_replaces_no_name(context: Context, bring: Callable[..., Result]) -> None:
    """Plain facts take the newer value, names and numbers become conflicts, stages never go back."""
    bring([["Lan", "lan@example.com", "0901111111", "Huế", "", "", "1", "5"]])
    result = bring([["Lan Anh", "lan@example.com", "0902222222", "Hà Nội", "", "", "0", "7"]])
    lan = _lead(context, "lan@example.com")
    with context.database.read() as conn:
        detail = conn.execute(sa.select(activities.c.detail).where(activities.c.kind == "updated")).scalar_one()
    assert _counts(result) == (1, 0, 1, 0, 0, 0, 1)
    assert (lan.name, lan.phone, lan.city, lan.fields) == ("Lan", "+84901111111", "Hà Nội", {"so_nhan_vien": 7})
    assert lan.lifecycle is Lifecycle.CUSTOMER
    assert detail["fields"] == {"city": ["Huế", "Hà Nội"], "fields.so_nhan_vien": [5, 7]}
    assert _count(context, lead_conflicts) == 2


def test_rows_without_address_are_refused_with_a_file(context: Context, bring: Callable[..., Result]) -> None:
    """The whole row, its line and the reason; a value cannot run as a formula; nobody else may read the file."""
    result = bring(
        [
            ["A", "a@example.com", "", "", "", "", "", ""],
            ["B", "=cmd|' /C calc'!A0", "+84901234567", "Huế", "No", "", "0", "12"],
        ]
    )
    assert (result.created, result.refused) == (1, 1)
    assert result.refused_file is not None
    header, *rows = csv.reader(io.StringIO(result.refused_file.read_text("utf-8-sig")))
    assert header == [*HEADER, "Không nhập được: dòng", "Không nhập được: lý do"]
    assert [row[:9] for row in rows] == [["B", "'=cmd|' /C calc'!A0", "'+84901234567", "Huế", "No", "", "0", "12", "3"]]
    assert result.refused_file.stat().st_mode & 0o077 == 0


def _mend(path: Path, wrong: str, right: str) -> None:
    text = path.read_text("utf-8-sig")
    assert wrong in text
    path.write_text(text.replace(wrong, right), "utf-8-sig")


def test_the_mended_file_is_imported_as_it_is(context: Context, bring: Callable[..., Result]) -> None:
    """Columns are read as before, the added ones are not; what was not mended is refused again, whole."""
    header = ("Khách", "Thư", "Ghi chú", "=Mã")
    rows = [["Lan", "lan@example.com", "x", "7"], ["Mai", "mai at example.com", "-5;=1", "08"], ["", "none", "y", "9"]]
    first = bring(rows, header, mapping={"Khách": "name", "Thư": "email"})
    assert first.refused_file is not None
    _mend(first.refused_file, "mai at example.com", "mai@example.com")
    again = import_file(context, first.refused_file, Options())
    assert again.refused_file is not None
    mai = _lead(context, "mai@example.com")
    assert (mai.name, mai.fields) == ("Mai", {"ghi_chu": "-5;=1", "ma": "08"})
    assert (again.created, again.refused) == (1, 1)
    assert again.refused_file.read_text("utf-8-sig").splitlines()[1].startswith(",none,y,9,3,")
    with context.database.read() as conn:
        assert set(leads_store.field_definitions_of(conn)) == {"ghi_chu", "ma"}


def test_a_mended_file_without_a_header_is_read_as_before(context: Context, tmp_path: Path) -> None:
    """What was found by what it holds is named in the file of refused rows."""
    rows = [["lan@example.com", "0901234567", "a"], ["mai@example.com", "0901234568", "b"], ["tu at x", "12", "c"]]
    first = import_file(context, write(tmp_path / "bare.csv", table(rows[1:], rows[0])), Options())
    assert first.refused_file is not None
    _mend(first.refused_file, "tu at x", "tu@example.com")
    import_file(context, first.refused_file, Options())
    assert _lead(context, "tu@example.com").fields == {"column_3": "c"}


def test_a_row_that_is_too_wide_is_mended_in_its_place(context: Context, bring: Callable[..., Result]) -> None:
    """Its last cells stand behind the reason; a spreadsheet that fills up all rows does not make a column of them."""
    result = bring([["Lan", "lan@example.com", "x"], ["Mai", "Tran", "mai@example.com", "y"]], ("Tên", "Email", "Note"))
    assert result.refused_file is not None
    lines = result.refused_file.read_text("utf-8-sig").splitlines()
    assert lines[1].endswith(",y")
    result.refused_file.write_text(f"{lines[0]},\r\n{lines[1]}\r\n", "utf-8-sig")
    assert import_file(context, result.refused_file, Options()).refused == 1
    result.refused_file.write_text(f"{lines[0]},\r\nMai Tran,mai@example.com,y,3,,\r\n", "utf-8-sig")
    assert import_file(context, result.refused_file, Options()).created == 1
    assert _lead(context, "mai@example.com").fields == {"note": "y"}


def test_phone_only_rows_are_kept_when_asked(context: Context, bring: Callable[..., Result]) -> None:
    """With a possible number; their refusals hang on the number; a second run knows them again."""
    rows = [
        ["B", "b at example.com", "0901234567", "", "Yes", "Yes", "", ""],
        ["C", "", "12", "", "", "", "", ""],
    ]
    first = bring(rows, keep_phone_only=True)
    before = _everything(context)
    second = bring(rows, keep_phone_only=True)
    with context.database.read() as conn:
        lead_id = conn.execute(sa.select(leads.c.id)).scalar_one()
        calls = consents_store.standing(conn, context.keys, [(lead_id, "+84901234567")], "call")[lead_id]
        mail = consents_store.standing(conn, context.keys, [(lead_id, "b@example.com")], "email")[lead_id]
    assert (first.created, first.refused, first.dropped_values) == (1, 1, 1)
    assert (second.created, second.unchanged, second.refused) == (0, 1, 1)
    assert _everything(context) == before
    assert calls.refusal("care") is not None
    assert mail.refusal("advertising") == (Reason.UNSUBSCRIBED, {"date": context.clock.engine().isoformat()})


def test_a_statement_gives_consent_and_never_over_a_no(context: Context, bring: Callable[..., Result]) -> None:
    """Each line carries the operator's words; a row that refuses gets none, in this file or a later one."""
    rows = [["A", "a@example.com", "", "", "No", "", "", ""], ["B", "b@example.com", "", "", "Yes", "", "", ""]]
    without = bring(rows)
    given = bring(rows, consent="Paper form, fair of May 2026")
    later = bring([["B", "b@example.com", "", "", "No", "", "", ""]], name="later.csv", consent="They all agreed")
    a, b = _lead(context, "a@example.com"), _lead(context, "b@example.com")
    with context.database.read() as conn:
        standing = consents_store.standing(conn, context.keys, [(a.id, a.email), (b.id, b.email)], "email")
        lines = conn.execute(sa.select(consents.c.purpose, consents.c.proof, consents.c.origin)).all()
    assert (without.without_consent, given.without_consent, later.without_consent) == (1, 0, 0)
    assert standing[a.id].refusal("advertising") is None
    assert standing[a.id].tracking
    refusal = standing[b.id].refusal("advertising")
    assert refusal is not None
    assert refusal[0] is Reason.UNSUBSCRIBED
    origin = f"import:{given.batch} line 2"
    assert sorted(map(tuple, lines)) == [
        ("advertising", "Paper form, fair of May 2026", origin),
        ("tracking", "Paper form, fair of May 2026", origin),
    ]


def test_purposes_narrow_what_a_statement_gives(context: Context, bring: Callable[..., Result]) -> None:
    """Advertising without tracking is possible."""
    bring([["A", "a@example.com", "", "", "", "", "", ""]], consent="x form", purposes=(Purpose.ADVERTISING,))
    a = _lead(context, "a@example.com")
    with context.database.read() as conn:
        standing = consents_store.standing(conn, context.keys, [(a.id, a.email)], "email")[a.id]
    assert standing.agreed(Purpose.ADVERTISING)
    assert not standing.tracking


def test_a_consent_column_is_its_own_proof(context: Context, bring: Callable[..., Result]) -> None:
    """A no in it is a word too, and a statement does not turn it."""
    header = ("Email", "Đồng ý nhận tin")
    result = bring(
        [["a@example.com", "Có"], ["b@example.com", "Không"], ["c@example.com", ""]],
        header,
        consent="All of them agreed",
    )
    with context.database.read() as conn:
        lines = conn.execute(
            sa.select(leads.c.email, consents.c.given, consents.c.method, consents.c.proof)
            .join(leads, leads.c.id == consents.c.lead_id)
            .where(consents.c.purpose == "advertising")
            .order_by(leads.c.email)
        ).all()
    assert [tuple(line) for line in lines] == [
        ("a@example.com", True, "import", "Đồng ý nhận tin: Có"),
        ("b@example.com", False, "import", "Đồng ý nhận tin: Không"),
        ("c@example.com", True, "statement", "All of them agreed"),
    ]
    assert result.without_consent == 0


def test_a_refusal_in_a_later_row_takes_an_earlier_yes_back(context: Context, bring: Callable[..., Result]) -> None:
    """Also when the yes was committed with an earlier part; running again settles on the same."""
    rows = [["A", "a@example.com", "", "", "No", "", "", ""], ["A", "a@example.com", "", "", "Yes", "", "", ""]]
    bring(rows, consent="They all agreed", chunk=1)
    before = _everything(context)
    again = bring(rows, consent="They all agreed", chunk=1)
    a = _lead(context, "a@example.com")
    with context.database.read() as conn:
        standing = consents_store.standing(conn, context.keys, [(a.id, a.email)], "email")[a.id]
    assert standing.refusal("care") is not None
    assert not standing.agreed(Purpose.ADVERTISING)
    assert (again.unchanged, again.duplicates) == (1, 1)
    assert _everything(context) == before


def test_a_dry_run_counts_and_writes_nothing(context: Context, bring: Callable[..., Result]) -> None:
    """The same numbers as the import that follows."""
    before = _everything(context)
    tried = bring(many(40), dry_run=True)
    assert _everything(context) == before
    assert _count(context, import_batches) == 0
    done = bring(many(40))
    assert _counts(tried) == _counts(done)


@pytest.mark.parametrize(
    ("words", "lacking"),
    [(("", "Yes"), 0), (("No", ""), 1), (("", "", "Yes"), 0), (("Yes", "No"), 0)],
    ids=["refused later", "never refused", "refused in the third part", "refused at first"],
)
@pytest.mark.parametrize("is_known", [False, True], ids=["new", "known"])
def test_a_dry_run_knows_in_later_parts_what_earlier_ones_would_have_written(
    context: Context, bring: Callable[..., Result], words: tuple[str, ...], lacking: int, *, is_known: bool
) -> None:
    """Who refuses far below the first row counts as in the import itself."""
    if is_known:
        bring([["A", "a@example.com", "", "", "", "", "", ""]])
    rows = [["A", "a@example.com", "", "", word, "", "", ""] for word in words]
    before = _everything(context)
    tried = bring(rows, dry_run=True, chunk=1)
    assert _everything(context) == before
    done = bring(rows, chunk=1)
    assert _counts(tried) == _counts(done)
    assert done.without_consent == lacking


def test_a_dry_run_counts_a_consent_given_in_a_later_part(context: Context, bring: Callable[..., Result]) -> None:
    """Once, and not again in the rows after it."""
    header = ("Name", "Email", "Consent")
    rows = [["A", "a@example.com", word] for word in ("", "yes", "", "yes")]
    tried = bring(rows, header, dry_run=True, chunk=1)
    assert _counts(tried) == _counts(bring(rows, header, chunk=1)) == (4, 1, 0, 0, 3, 0, 0)


def test_a_mapping_overrides_and_is_kept(context: Context, bring: Callable[..., Result], tmp_path: Path) -> None:
    """What a person chose once is how the next file with that header is read."""
    header = ("Khách", "Thư", "Ghi chú")
    bring([["Lan", "lan@example.com", "x"]], header, mapping={"Khách": "name", "Ghi chú": "skip"})
    kept = reading(context, write(tmp_path / "next.csv", table([["Mai", "mai@example.com", "y"]], header)))
    assert _lead(context, "lan@example.com").name == "Lan"
    assert _lead(context, "lan@example.com").fields == {}
    assert [column.target for column in kept.columns] == ["name", "email", "skip"]


def test_a_bad_mapping_is_refused_before_anything_is_written(context: Context, bring: Callable[..., Result]) -> None:
    """Every wrong part of it is named."""
    with pytest.raises(InputError) as caught:
        bring([["A", "a@example.com"]], ("Name", "Email"), mapping={"Nobody": "name", "Name": "no such"})
    assert {problem.code for problem in caught.value.problems} == {"no_column", "no_target"}
    assert _count(context, import_batches) == 0


def test_an_existing_definition_wins(context: Context, bring: Callable[..., Result]) -> None:
    """A value that does not fit is dropped and counted, and its row comes in."""
    bring([["a@example.com", "12"]], ("Email", "Size"))
    result = bring([["b@example.com", "twelve"], ["c@example.com", "13"]], ("Email", "Size"))
    assert (result.created, result.dropped_values) == (2, 1)
    assert _lead(context, "b@example.com").fields == {}
    assert _lead(context, "c@example.com").fields == {"size": 13}


def test_choices_grow_with_the_files(context: Context, bring: Callable[..., Result]) -> None:
    """A new choice of a later file is not lost."""
    bring([[f"a{n}@example.com", "ABC"[n % 3]] for n in range(12)], ("Email", "Group"))
    bring([["z@example.com", "D"]], ("Email", "Group"))
    with context.database.read() as conn:
        definition = leads_store.field_definitions_of(conn)["group"]
    assert definition.choices == ("A", "B", "C", "D")
    assert _lead(context, "z@example.com").fields == {"group": "D"}


def test_a_stopped_import_goes_on_and_reports_the_whole(context: Context, tmp_path: Path) -> None:
    """Same file, same options: the batch continues; progress begins where it was."""
    path = write(tmp_path / "leads.csv", table(many(60)))
    asked = iter([False, False, True])
    stopped = import_file(context, path, Options(), stop=lambda: next(asked), chunk=10)
    heard: list[tuple[int, int]] = []
    done = import_file(context, path, Options(), progress=lambda *at: heard.append(at), chunk=10)
    assert (stopped.state, stopped.rows) == ("stopped", 20)
    assert (done.state, done.resumed, done.batch) == ("done", True, stopped.batch)
    assert _counts(done) == (60, 47, 0, 0, 4, 9, 41)
    assert heard[0] == (20, 60)
    assert heard[-1] == (60, 60)
    assert _count(context, leads) == 47


def test_parts_of_one_transaction_know_of_each_other(context: Context, tmp_path: Path) -> None:
    """A later row of an address folds into the lead of an earlier part; parts that fit the file exactly end it."""
    rows = [["A", f"a{number % 900}@example.com"] for number in range(1_000)]
    heard: list[int] = []
    path = write(tmp_path / "leads.csv", table(rows, ("Name", "Email")))
    done = import_file(context, path, Options(), progress=lambda at, _rows: heard.append(at))
    assert (done.state, done.rows, done.created, done.duplicates) == ("done", 1_000, 900, 100)
    assert (heard[0], heard[-1]) == (0, 1_000)
    assert _count(context, leads) == _count(context, reactions) == 900


def test_two_at_once_on_one_file_do_not_double(context: Context, tmp_path: Path) -> None:
    """The one that finds the batch moved on ends, and what it had begun is rolled back."""
    path = write(tmp_path / "leads.csv", table(many(60)))

    def other(done: int, _rows: int) -> None:
        if done == 10:
            import_file(context, path, Options(), chunk=10)

    with pytest.raises(ConflictError):
        import_file(context, path, Options(), progress=other, chunk=10)
    with context.database.read() as conn:
        batch = conn.execute(sa.select(import_batches)).mappings().one()
    assert (batch["state"], batch["position"], batch["created"]) == ("done", 60, 47)
    assert _count(context, leads) == 47


_CHILD = """
import os, signal, sys
from pathlib import Path
from nurture.capture import service, store
from nurture.capture.model import Options
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import load_ring

path, url, folder, moments = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
settings = read_settings({"NURTURE_DATA_DIR": folder, "NURTURE_DATABASE_URL": url})
ctx = Context(settings, Database(url), SystemClock(), load_ring(Path(folder) / "ring.json"))
left = moments
for name in ("write", "add_refusals", "advance", "finish"):
    def killing(*args, _whole=getattr(store, name)):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return _whole(*args)
    setattr(store, name, killing)
service.import_file(ctx, path, Options(consent="web form of May"), chunk=10)
"""


@pytest.mark.parametrize("moment", [1, 2, 3, 5, 9, 18, 19])
def test_killed_at_any_moment_and_run_again_it_is_the_same(context: Context, tmp_path: Path, moment: int) -> None:
    """Before, between and after the writes of a part, and before the end: the totals and the tables are the same."""
    path = write(tmp_path / "leads.csv", table(many(60)))
    (tmp_path / "ring.json").write_text(ring_to_json(context.keys))
    url = context.database.url.render_as_string(hide_password=False)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path), url, str(tmp_path), str(moment)], env=env, check=False
    )
    done = import_file(context, path, Options(consent="web form of May"))
    assert killed.returncode == -signal.SIGKILL
    assert done.resumed
    assert _counts(done) == (60, 47, 0, 0, 4, 9, 0)
    counts = {one: _count(context, one) for one in (leads, activities, reactions, suppressions)}
    assert list(counts.values()) == [47, 47, 47, 6]


def test_a_second_lead_of_that_number_stays_apart(context: Context, bring: Callable[..., Result]) -> None:
    """Two people may share a telephone: a number alone does not fold into a lead with an address."""
    result = bring(
        [["A", "a@example.com", "0901234567", "", "", "", "", ""], ["B", "", "0901234567", "", "", "", "", ""]],
        keep_phone_only=True,
    )
    assert (result.created, result.duplicates) == (2, 0)
