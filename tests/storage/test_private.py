"""What stands in the data folder is for its owner's eyes, and what is logged names nobody."""

import os
import stat
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.tracking.spool import Spool


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_a_new_database_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    """The file, its log, its shared memory and its lock, and the folder that was made for them."""
    if sys.platform == "win32":
        return
    before = os.umask(umask)
    try:
        database = Database(f"sqlite:///{tmp_path / 'house' / 'new.db'}")
        with database.write() as conn:
            conn.exec_driver_sql("CREATE TABLE t (a)")
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in (tmp_path / "house").iterdir()}
        database.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("new.db", "new.db-wal", "new.db-shm", "new.db.writer"), 0o600)
    assert stat.S_IMODE((tmp_path / "house").stat().st_mode) == 0o700


def test_a_database_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    """Whoever opened it to a group meant it."""
    path = tmp_path / "old.db"
    path.touch(mode=0o640)
    Database(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_hits_that_wait_on_disk_are_their_owners_alone(tmp_path: Path) -> None:
    """They name networks and programs of readers."""
    spool = Spool(tmp_path / "spool")
    spool.append([])
    (file,) = (tmp_path / "spool").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    spool.close()


def test_an_error_of_the_database_does_not_name_the_values(context: Context) -> None:
    """They end in logs: addresses, password hashes, tokens."""
    with pytest.raises(sa.exc.DBAPIError) as caught, context.database.read() as conn:
        conn.execute(sa.text("SELECT * FROM no_such_table WHERE email = :email"), {"email": "an@example.com"})
    assert "an@example.com" not in str(caught.value)
