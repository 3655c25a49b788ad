"""YAML 1.2 as plain data, with the line and column of every value.

Only what JSON can hold comes out: mappings with text keys, lists, text, numbers, true, false, null (the core schema, so
`08:00`, `yes` and `2026-11-22` are text). Refused with the place of each: double keys, tags, merge keys, several
documents, and files that are too large, too deep, or grow too large through aliases.
"""

import copy
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_

LONGEST = 1_000_000  # characters
DEEPEST = 50
MOST = 50_000  # values, copies through aliases included

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_OCTAL = re.compile(r"0o[0-7]{1,20}")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_PART = re.compile(r"(\.[^.\[\]]*|\[\d+\])$|^[^.\[\]]+$")

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """One file, read: its plain data, and where each value stands by its path (`steps[2].branch.when`)."""

    file: str
    text: str
    data: Any
    places: Mapping[str, Place]

    def place(self, path: str) -> Place:
        """Line and column of a path, or of its nearest parent that is known; (0, 0) for the whole file."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[: found.start()] if (found := _PART.search(path)) else ""
        return self.places.get("", (0, 0))

    def at(self, path: str) -> str:
        """The text of the value at a path."""
        data = self.data
        for part in path.replace("[", ".").replace("]", "").split("."):
            data = data[int(part)] if isinstance(data, list) else data[part]
        return str(data)

    def problem(
        self, code: str, message: str, *, path: str = "", mend: str = "", severity: str = "error", **params: object
    ) -> Problem:
        """A finding about the value at this path, with file, line and column."""
        line, column = self.place(path)
        shown = tuple((name, str(value)) for name, value in params.items())
        return Problem(code, message, mend, self.file, line, column, path, severity, shown)

    def located(self, problem: Problem, prefix: str = "") -> Problem:
        """A finding that knows only its path, with this file's name and its line; `prefix` goes before the path."""
        path = f"{prefix}.{problem.path}" if prefix and problem.path else prefix or problem.path
        line, column = self.place(path)
        return replace(problem, file=self.file, line=line, column=column, path=path)


def read(text: str, file: str) -> Source:
    """The file's data and places. DefinitionError names all double keys and tags, or the first syntax error."""
    if len(text) > LONGEST:
        limit = (("limit", str(LONGEST)),)
        raise DefinitionError(
            [Problem("yaml_too_large", N_("The file is longer than %(limit)s characters"), file=file, params=limit)]
        )
    build = _Build(file)
    try:
        data = build.document(_events(text))
    except MarkedYAMLError as error:
        raise DefinitionError([*build.problems, _syntax(error, file)]) from error
    except (YAMLError, YAMLStreamError, UnicodeError, ValueError) as error:
        problem = Problem("yaml_unreadable", N_("This is not readable text: %(error)s"), file=file)
        first = (str(error).splitlines() or ["?"])[0]
        raise DefinitionError([_with(problem, error=first)]) from error
    if build.problems:
        raise DefinitionError(build.problems)
    return Source(file, text, data, build.places)


def _events(text: str) -> Iterator[Event]:
    yield from YAML(typ="safe", pure=True).parse(text)


def _with(problem: Problem, **params: str) -> Problem:
    return replace(problem, params=tuple(params.items()))


def _syntax(error: MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    problem = Problem(
        "yaml_syntax",
        N_("This is not YAML: %(error)s"),
        N_("check indentation, colons and quotes here and on the line above"),
        file,
        line,
        column,
    )
    return _with(problem, error=" ".join(str(error.problem or error.context or "?").split()))


def _at(event: Event) -> Place:
    return (event.start_mark.line + 1, event.start_mark.column + 1)


def _check_text(value: str) -> None:
    """ValueError for what an escape can write and no database keeps: half a character, NUL."""
    value.encode()
    if "\0" in value:
        raise ValueError("NUL has no place in text")


def scalar(value: str) -> Any:
    """A plain (unquoted) scalar by the core schema of YAML 1.2.

    `scalar("12")` is 12, `scalar("08:00")` stays text. ValueError for numbers that JSON cannot hold.
    """
    if value in _NULL:
        return None
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if _INT.fullmatch(value):
        return int(value)
    if _OCTAL.fullmatch(value):
        return int(value[2:], 8)
    if _HEX.fullmatch(value):
        return int(value, 16)
    if _FLOAT.fullmatch(value):
        number = float(value)
        return number if math.isfinite(number) else value
    return value


@dataclass(slots=True)
class _Build:
    """Makes data of events; findings that do not stop it gather in `problems`."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    anchors: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def _stop(self, event: Event, message: str, mend: str = "", **params: object) -> DefinitionError:
        """What ends the reading at once, with all findings so far."""
        problem = Problem("yaml_refused", message, mend, self.file, *_at(event))
        shown = {name: str(value) for name, value in params.items()}
        return DefinitionError([*self.problems, _with(problem, **shown)])

    def document(self, events: Iterator[Event]) -> Any:
        data: Any = None
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._stop(event, N_("A second document begins here"), N_("one file holds one document"))
            elif isinstance(event, NodeEvent):
                data = self._value(event, events, "", 0)
        return data

    def _value(self, event: Event, events: Iterator[Event], path: str, depth: int) -> Any:
        self.places.setdefault(path, _at(event))
        if isinstance(event, AliasEvent):
            return self._alias(event)
        before = self.count
        self._count(event, 1)
        if depth > DEEPEST:
            raise self._stop(event, N_("This is nested deeper than %(limit)s levels"), limit=DEEPEST)
        self._tag(event, path)
        value: Any
        if isinstance(event, MappingStartEvent):
            value = self._mapping(events, path, depth)
        elif isinstance(event, SequenceStartEvent):
            value = self._sequence(events, path, depth)
        else:
            assert isinstance(event, ScalarEvent)  # noqa: S101 - no other kind of node is left
            _check_text(event.value)
            value = scalar(event.value) if event.style is None and event.tag is None else event.value
        if event.anchor:
            self.anchors[event.anchor] = value
            self.sizes[event.anchor] = self.count - before
        return value

    def _count(self, event: Event, more: int) -> None:
        self.count += more
        if self.count > MOST:
            raise self._stop(event, N_("The file holds more than %(limit)s values"), limit=MOST)

    def _tag(self, event: Any, path: str) -> None:
        if event.tag in {None, "!", "tag:yaml.org,2002:str"}:
            return
        line, column = _at(event)
        problem = Problem(
            "yaml_tag",
            N_("The tag “%(tag)s” has no place here"),
            N_("write the plain value"),
            self.file,
            line,
            column,
            path,
        )
        self.problems.append(_with(problem, tag=str(event.tag)[:80]))

    def _alias(self, event: AliasEvent) -> Any:
        name = event.anchor
        if name not in self.anchors:
            raise self._stop(event, N_("“*%(name)s” names nothing that is complete above it"), name=name)
        self._count(event, self.sizes[name])
        return copy.deepcopy(self.anchors[name])

    def _sequence(self, events: Iterator[Event], path: str, depth: int) -> list[Any]:
        found: list[Any] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            found.append(self._value(event, events, f"{path}[{len(found)}]", depth + 1))
        return found

    def _mapping(self, events: Iterator[Event], path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event, path)
            inner = f"{path}.{key}" if path else key
            if key in found:
                self._double(event, key, inner)
            else:
                self.places[inner] = _at(event)
            found[key] = self._value(next(events), events, inner, depth + 1)
        return found

    def _key(self, event: Event, path: str) -> str:
        if not isinstance(event, ScalarEvent):
            raise self._stop(event, N_("A key must be text"))
        _check_text(event.value)
        self._tag(event, path)
        plain = event.style is None and event.tag is None
        if plain and event.value == "<<":
            raise self._stop(event, N_("Merge keys (<<) have no place here"), N_("write the entries out"))
        if plain and not isinstance(scalar(event.value), str):
            raise self._stop(event, N_("A key must be text"), N_("write it in quotes: '%(key)s'"), key=event.value)
        return str(event.value)

    def _double(self, event: Event, key: str, path: str) -> None:
        line, column = _at(event)
        problem = Problem(
            "yaml_double_key",
            N_("“%(key)s” stands here a second time; it was given on line %(line)s"),
            N_("keep one of the two"),
            self.file,
            line,
            column,
            path,
        )
        self.problems.append(_with(problem, key=key, line=str(self.places[path][0])))
