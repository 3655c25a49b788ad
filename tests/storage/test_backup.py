"""An installation into a file and back, from one kind of database into the other, and what a copy notices."""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.backup.archive import back_up
from nurture.backup.copying import copy
from nurture.backup.restoring import restore
from nurture.bootstrap import build, prepare
from nurture.engine import restored
from nurture.engine.held import piles
from nurture.engine.tick import _beat
from nurture.kernel import installation, witness
from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.errors import ConflictError, InputError
from nurture.kernel.settings import Settings, read_settings
from nurture.messages.tables import messages
from nurture.schema import metadata
from tests.conftest import START

REAL = START
MAIL = {
    "purpose": "broadcast", "template_key": "x", "language": "vi", "class_": "advertising", "policy": {},
    "state": "queued", "planned_at": REAL, "not_before": REAL, "created_at": REAL,
}  # fmt: skip


def _settings(folder: Path, url: str = "") -> Settings:
    more = {"NURTURE_DATABASE_URL": url} if url else {}
    return read_settings({"NURTURE_DATA_DIR": str(folder), **more})


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Context]:
    """An installation with two leads, one merged into the later one, and a mail that waits."""
    settings = _settings(tmp_path / "house")
    prepare(settings)
    context = build(settings, runs_engine=True)
    _fill(context)
    yield context
    context.database.close()


def _fill(context: Context) -> None:
    leads = metadata.tables["leads"]
    both = {"name": "Nguyễn Văn Nam", "source": "form", "language": "vi", "fields": {"city": "Huế"}}
    times = {"created_at": REAL, "updated_at": REAL}
    names = [(1, "aaaa", "nam@example.vn"), (2, "bbbb", "nam2@example.vn")]
    with context.database.write() as conn:
        for number, public_id, email in names:
            conn.execute(leads.insert().values(id=number, public_id=public_id, email=email, **both, **times))
        conn.execute(leads.update().where(leads.c.id == 1).values(merged_into=2))
        conn.execute(messages.insert().values(lead_id=2, header_id="a@b", **MAIL))


def _rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as conn:
        return {
            one.name: sorted((tuple(row) for row in conn.execute(sa.select(one))), key=repr)
            for one in metadata.sorted_tables
            if one.name != "installation"
        }


def test_backup_comes_back_whole_and_sends_nothing(house: Context, tmp_path: Path) -> None:
    """Every row, the keys and the secret; the mode of the file keeps others out."""
    file = tmp_path / "copy.nurture"
    made = back_up(house, file, REAL)
    assert (made.leads, made.messages, file.stat().st_mode & 0o777) == (2, 1, 0o600)
    target = _settings(tmp_path / "elsewhere")
    restore(file, target, lambda *_: None)
    row = prepare(target)
    assert row.stopped_sending == installation.RESTORED
    again = build(target)
    assert _rows(again.database) == _rows(house.database)
    assert again.keys == house.keys
    assert again.settings.secret_key == house.settings.secret_key
    again.database.close()


def test_backup_never_replaces_a_file(house: Context, tmp_path: Path) -> None:
    """Somebody else's, or yesterday's."""
    file = tmp_path / "copy"
    file.write_text("mine")
    with pytest.raises(ConflictError):
        back_up(house, file, REAL)
    assert file.read_text() == "mine"


def test_restore_replaces_nothing(house: Context, tmp_path: Path) -> None:
    """Neither a database nor other keys; what was there is as it was."""
    file = tmp_path / "copy"
    back_up(house, file, REAL)
    with pytest.raises(ConflictError):
        restore(file, house.settings, lambda *_: None)
    other = _settings(tmp_path / "other")
    prepare(other)
    build(other).database.close()
    keys = other.keys_file.read_bytes()
    moved = replace(other, database_url=f"sqlite:///{tmp_path / 'empty' / 'new.db'}")
    with pytest.raises(ConflictError, match="another one"):
        restore(file, moved, lambda *_: None)
    assert other.keys_file.read_bytes() == keys
    assert not (tmp_path / "empty" / "new.db").exists()


@pytest.mark.parametrize("bad", ["text", "cut", "changed", "climbing", "linked"])
def test_a_file_that_is_no_good_backup_is_refused(house: Context, tmp_path: Path, bad: str) -> None:
    """Cut off, changed, or made to write elsewhere: nothing of it is kept."""
    file = tmp_path / "copy"
    back_up(house, file, REAL)
    _spoil(file, bad)
    target = _settings(tmp_path / "elsewhere")
    with pytest.raises(InputError):
        restore(file, target, lambda *_: None)
    assert [one for one in target.data_dir.rglob("*") if one.is_file() and one.suffix != ".writer"] == []
    assert not (tmp_path / "evil").exists()


def _spoil(file: Path, bad: str) -> None:
    if bad == "text":
        file.write_text("a diary")
        return
    if bad == "cut":
        file.write_bytes(file.read_bytes()[:-400])
        return
    with tarfile.open(file) as tar:
        parts = {one.name: (tar.extractfile(one) or io.BytesIO()).read() for one in tar}
    if bad == "changed":
        parts["nurture.db"] += b"x"
    with tarfile.open(file, "w:gz") as tar:
        for name, data in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        if bad in {"climbing", "linked"}:
            info = tarfile.TarInfo("data/dkim/../../../evil" if bad == "climbing" else "data/dkim/key.pem")
            if bad == "linked":
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(info)


def test_manifest_says_what_it_is(house: Context, tmp_path: Path) -> None:
    """Also to who opens it without us."""
    file = tmp_path / "copy"
    back_up(house, file, REAL)
    with tarfile.open(file) as tar:
        told = json.load(tar.extractfile("manifest.json") or io.BytesIO())
    assert (told["format"], told["engine"], told["leads"]) == (1, "sqlite", 2)


@pytest.mark.postgres
def test_copy_to_postgresql_and_back_keeps_every_row(house: Context, postgres_url: str, tmp_path: Path) -> None:
    """New rows are numbered after those that came, and foreign keys hold again."""
    admin = sa.create_engine(
        sa.make_url(postgres_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    name = f"{sa.make_url(postgres_url).database}_copy"
    with admin.connect() as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    target = Database(sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False))
    try:
        copied = copy(house.database, target)
        assert copied.counts["leads"] == 2
        assert _rows(target) == _rows(house.database)
        with target.write() as conn:
            new = messages.insert().values(lead_id=1, header_id="c@d", **MAIL).returning(messages.c.id)
            number = conn.execute(new).scalar_one()
            assert number == 2
            with pytest.raises(sa.exc.IntegrityError), conn.begin_nested():
                conn.execute(messages.update().values(lead_id=999))
        with pytest.raises(ConflictError):
            copy(house.database, target)
        back = Database(f"sqlite:///{tmp_path / 'back.db'}")
        copy(target, back)
        assert _rows(back) == _rows(target)
        back.close()
    finally:
        target.close()
        with admin.connect() as conn:
            conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


def test_an_older_copy_in_the_same_place_is_noticed(house: Context, tmp_path: Path) -> None:
    """The database is at home where it stands, but the folder remembers that it has run for longer."""
    folder = house.settings.data_dir
    path = Path(str(house.database.url.database))
    now = SystemClock().engine()
    _beat(house, now)
    with house.database.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    old = path.read_bytes()
    assert prepare(house.settings).stopped_sending is None
    _beat(house, now + timedelta(minutes=2))
    assert prepare(house.settings).stopped_sending is None
    house.database.close()
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(old)
    assert prepare(house.settings).stopped_sending == installation.WENT_BACK
    witness.forget(folder)
    again = Database(house.settings.database_url)
    installation.claim(again)
    again.close()
    assert prepare(house.settings).stopped_sending is None


def test_claiming_holds_what_may_have_gone_since(house: Context) -> None:
    """The mail that waited when the copy was made waits for a person now."""
    now = REAL + timedelta(hours=5)
    with house.database.write() as conn:
        assert restored.hold(conn, now).mails == 1
        assert [one.count for one in piles(conn)] == [1]
        assert not restored.waiting(conn, now)
