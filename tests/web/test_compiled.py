"""Compiled templates are kept in the data folder between starts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from nurture.web.compiled import Compiled


class _Counting(Environment):
    """Counts what it compiles."""

    compiled = 0

    def _generate(self, *args: object, **options: object) -> str:
        self.compiled += 1
        return super()._generate(*args, **options)  # type: ignore[arg-type]


def _started(folder: Path, text: str = "Hello {{ name }}") -> _Counting:
    """As after a start of the process."""
    return _Counting(loader=DictLoader({"a.html": text}), bytecode_cache=Compiled(folder))


def _shown(environment: Environment) -> str:
    return environment.get_template("a.html").render(name="An")


def test_the_next_start_compiles_nothing(tmp_path: Path) -> None:
    """What was compiled once is read; it is for this account only."""
    folder = tmp_path / "compiled"
    assert _shown(_started(folder)) == "Hello An"
    after = _started(folder)
    assert _shown(after) == "Hello An"
    assert after.compiled == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert [one.stat().st_mode & 0o077 for one in folder.iterdir()] == [0]


def test_a_changed_template_is_compiled_anew(tmp_path: Path) -> None:
    """And takes the place of the old one."""
    _shown(_started(tmp_path))
    assert _shown(_started(tmp_path, "Bye {{ name }}")) == "Bye An"
    assert len(list(tmp_path.iterdir())) == 1


def _cut(folder: Path) -> None:
    for one in folder.iterdir():
        one.write_bytes(one.read_bytes()[:40])


def _taken(folder: Path) -> None:
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()
    folder.write_text("a file where the folder was")


@pytest.mark.parametrize("harm", [_cut, _taken], ids=["what is kept is damaged", "nothing can be kept"])
def test_pages_go_on_without_it(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """A damaged file, a folder that cannot be used."""
    folder = tmp_path / "compiled"
    _shown(_started(folder))
    harm(folder)
    assert _shown(_started(folder)) == "Hello An"
