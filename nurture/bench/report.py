"""The figures of a run as a table for people, in text or Markdown, and as data. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nurture.bench.model import Figure
from nurture.kernel.i18n import N_, translate

_GROUPS = {"vi": ".", "en": ","}
_POINTS = {"vi": ",", "en": "."}
_HEADS = (
    N_("measured"), N_("figure"), N_("aim"), N_("reached?"), N_("the naive way"), N_("times better"), "p50 / p99",
    N_("CPU and peak memory"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """One kind on one database."""

    kind: str
    title: str  # message id
    engine: str  # `SQLite 3.40.1`
    seconds: float  # the whole of it, with making the data
    figures: tuple[Figure, ...]

    def to_json(self) -> dict[str, Any]:
        """As data for scripts."""
        figures = [one.to_json() for one in self.figures]
        return {"kind": self.kind, "engine": self.engine, "seconds": round(self.seconds, 1), "figures": figures}


def number(value: float, language: str) -> str:
    """Three digits that count: `6,512`, `12.3`, `0.482`, a count as it is; in the language's form."""
    digits = (
        0 if isinstance(value, int) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    )
    text = f"{value:,.{digits}f}"
    return text.translate({ord(","): _GROUPS[language], ord("."): _POINTS[language]})


def measured(value: float, unit: str, language: str) -> str:
    """A value with its unit: `6,512 /s`, `12.3 ms`."""
    return f"{number(float(value), language)} {unit}"


def header(language: str) -> tuple[str, ...]:
    """The heads of `rows`."""
    return tuple(translate(language, one) for one in _HEADS)


def rows(figures: Sequence[Figure], language: str) -> list[tuple[str, ...]]:
    """A row for each figure."""
    return [
        (
            f"{one.what}{f' ({one.of})' if one.of else ''}",
            measured(one.value, one.unit, language),
            measured(one.aim, one.unit, language) if one.aim is not None else "",
            {True: translate(language, "yes"), False: translate(language, "no"), None: ""}[one.reached],
            measured(one.naive, one.unit, language) if one.naive is not None else "",
            f"{number(one.ratio, language)} ×" if one.ratio is not None else "",
            _spread(one, language),
            _parts(one, language),
        )
        for one in figures
    ]


def _spread(figure: Figure, language: str) -> str:
    if figure.p50 is None or figure.p99 is None:
        return ""
    return f"{number(figure.p50, language)} / {number(figure.p99, language)} ms"


def _parts(figure: Figure, language: str) -> str:
    told = [f"{one.name} {number(one.cpu, language)} s {number(one.peak, language)} MB" for one in figure.parts]
    told += [f"{name} {_note(value, language)}" for name, value in figure.notes.items()]
    return "; ".join(told)


def _note(value: Any, language: str) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_note(one, language)}" for name, one in value.items())
    return number(value, language) if isinstance(value, int | float) else str(value)


def machine_line(machine: Mapping[str, Any], language: str) -> str:
    """The machine in a line."""
    return translate(
        language,
        "%(cores)s × %(processor)s, %(memory)s GB, %(system)s, Python %(python)s, load %(load)s, nurture %(nurture)s",
        **machine,
    )


def markdown(runs: Sequence[Run], machine: Mapping[str, Any], command: str) -> str:
    """The whole as the body of docs/bench.md."""
    lines = [f"`{command}`", "", machine_line(machine, "en")]
    for run in runs:
        lines += ["", f"### {run.kind}, {run.engine}", "", translate("en", run.title), ""]
        heads = header("en")
        lines += ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows(run.figures, "en")]
    return "\n".join(lines) + "\n"
