"""The journal: what a killed sender leaves is believed as far as it can be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nurture.delivery import journal
from nurture.delivery.journal import RECORD, Entry, Journal, Mark
from nurture.kernel.errors import OutsideError

BOOT = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"


def _written(path: Path) -> Path:
    one = Journal(path, BOOT)
    one.write(Mark.ENVELOPE, 1, 1)
    one.write(Mark.DOT, 1, 1)
    one.write(Mark.ENVELOPE, 2, 9)
    one.write(Mark.ANSWER, 1, 1, 550, "5.7.26")
    one.write(Mark.DOT, 2, 9)
    one.close()
    return path


def test_the_last_record_of_each_message_and_fence_counts(tmp_path: Path) -> None:
    """With the answer's code and status."""
    assert journal.read(_written(tmp_path / "j"), BOOT) == {
        (1, 1): Entry(Mark.ANSWER, 550, "5.7.26"),
        (2, 9): Entry(Mark.DOT),
    }


def test_a_record_cut_off_at_the_end_is_left_out(tmp_path: Path) -> None:
    """Its writer stopped there."""
    path = _written(tmp_path / "j")
    os.truncate(path, path.stat().st_size - 5)
    assert journal.read(path, BOOT) == {(1, 1): Entry(Mark.ANSWER, 550, "5.7.26"), (2, 9): Entry(Mark.ENVELOPE)}


@pytest.mark.parametrize(("boot", "damage"), [("another-boot", 0), ("", 0), (BOOT, 3 * RECORD + 4)])
def test_another_boot_or_a_damaged_journal_is_not_believed(tmp_path: Path, boot: str, damage: int) -> None:
    """None, and not an empty journal, which would say that nothing had begun."""
    path = _written(tmp_path / "j")
    if damage:
        data = bytearray(path.read_bytes())
        data[-damage] ^= 1
        path.write_bytes(data)
    assert journal.read(path, boot) is None


def test_no_journal_at_all_is_not_believed(tmp_path: Path) -> None:
    """A missing file and an empty one."""
    (tmp_path / "empty").touch()
    assert journal.read(tmp_path / "missing", BOOT) is None
    assert journal.read(tmp_path / "empty", BOOT) is None


def test_a_full_disk_stops_the_writer_for_good(tmp_path: Path) -> None:
    """Once a record was not taken, none is written any more."""
    if not Path("/dev/full").exists():
        assert sys.platform != "linux"
        return
    with pytest.raises(OutsideError):
        Journal(Path("/dev/full"), BOOT)
    one = Journal(tmp_path / "j", BOOT)
    kept = one._file
    one._file = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(OutsideError):
        one.write(Mark.DOT, 1, 1)
    os.close(one._file)
    one._file = kept
    with pytest.raises(OutsideError):
        one.write(Mark.DOT, 2, 1)
    one.close()
    assert journal.read(tmp_path / "j", BOOT) == {}


def test_a_living_sender_holds_its_journal_and_a_killed_one_does_not(tmp_path: Path) -> None:
    """Whatever its process number."""
    path = tmp_path / "j"
    code = (
        "import sys, pathlib; from nurture.delivery.journal import Journal\n"
        f"one = Journal(pathlib.Path({str(path)!r}), {BOOT!r}); print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        one.stdout.readline()
        with journal.of_dead_sender(path) as dead:
            assert not dead
        one.kill()
        one.wait()
        with journal.of_dead_sender(path) as dead:
            assert dead
