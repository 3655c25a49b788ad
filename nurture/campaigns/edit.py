"""Changes to a campaign's text that leave every other byte as it is: comments, order and spelling stay. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from nurture.kernel.errors import Problem
from nurture.kernel.yamlfile import Source

MISSING_ID = "missing_id"


def with_ids(source: Source, problems: Iterable[Problem]) -> tuple[str, dict[str, str]]:
    """The text with an id for each step that a finding says has none; and the new ids by the paths of their steps."""
    taken = set(_ids(source.data))
    given: dict[str, str] = {}
    for problem in problems:
        if problem.code == MISSING_ID:
            given[problem.path] = _free(dict(problem.params).get("example", "step"), taken)
    lines = source.text.split("\n")
    for path, step_id in sorted(given.items(), key=lambda one: source.place(one[0]), reverse=True):
        line, column = source.place(path)
        lines[line - 1] = _written(lines[line - 1], column - 1, step_id)
    return "\n".join(lines), given


def _written(line: str, column: int, step_id: str) -> str:
    """The line with the id first in the mapping that begins in this column."""
    before, rest = line[:column], line[column:]
    if rest.startswith("{"):
        return f"{before}{{id: {step_id}, {rest[1:].lstrip()}"
    end = "\r\n" if rest.endswith("\r") else "\n"
    return f"{before}id: {step_id}{end}{' ' * column}{rest}"


def _free(wanted: str, taken: set[str]) -> str:
    """An id nobody has yet, as near to the wanted one as can be; it is taken from now on."""
    number, found = 1, wanted
    while found in taken:
        number += 1
        found = f"{wanted}_{number}"
    taken.add(found)
    return found


def _ids(data: Any) -> Iterable[str]:
    """Every `id` anywhere in the data."""
    if isinstance(data, Mapping):
        if isinstance(data.get("id"), str):
            yield data["id"]
        for value in data.values():
            yield from _ids(value)
    elif isinstance(data, list):
        for value in data:
            yield from _ids(value)
