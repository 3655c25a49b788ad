"""From a folder of YAML to definitions, with every finding of every file at once. Only `read_folder` does I/O.

The folder holds one file for each campaign, and `_shared/` with `fields`, `segments`, `scoring`, `pipeline` and
`policy`. Scoring and pipeline belong to later stages, which hand their readers in as `shared_checks`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nurture.campaigns.definition import read_campaign
from nurture.campaigns.fields import read_fields
from nurture.campaigns.model import Campaign
from nurture.kernel.errors import DefinitionError, OutsideError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.yamlfile import LONGEST, Source, read
from nurture.leads.facts import own
from nurture.leads.model import FieldDefinition
from nurture.rules.facts import Facts
from nurture.segments.load import load as load_segments
from nurture.segments.model import Definition

SHARED = ("fields", "segments", "scoring", "pipeline", "policy")
SharedCheck = Callable[[str, str], object]  # (text, file) -> anything; raises DefinitionError


@dataclass(frozen=True, slots=True)
class Folder:
    """Texts by file name as shown, campaigns in the order of their names."""

    campaigns: Mapping[str, str]
    shared: Mapping[str, tuple[str, str]]  # key -> (file, text)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a folder says. `problems` holds warnings too; it is usable when `errors` is empty."""

    campaigns: tuple[tuple[Campaign, Source], ...]
    segments: tuple[Definition, ...]
    shared: Mapping[str, Source]
    problems: tuple[Problem, ...] = field(default=())
    fields: tuple[FieldDefinition, ...] = ()  # of the house's own

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The findings that forbid using it."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def read_folder(folder: Path) -> Folder:
    """The texts of a folder, or of one file of a campaign. OutsideError when it cannot be read."""
    if folder.is_file():
        shared = folder.parent / "_shared"
        return Folder({folder.name: _text(folder)}, _shared(shared))
    if not folder.is_dir():
        raise OutsideError(N_("There is no such file or folder: %(path)s"), path=folder)
    files = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"} and path.is_file())
    return Folder({path.name: _text(path) for path in files}, _shared(folder / "_shared"))


def _shared(folder: Path) -> dict[str, tuple[str, str]]:
    found = {}
    for key in SHARED:
        path = folder / f"{key}.yaml"
        if path.is_file():
            found[key] = (f"_shared/{path.name}", _text(path))
    return found


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(4 * LONGEST + 1).decode("utf-8-sig")
    except OSError as error:
        raise OutsideError(N_("%(path)s cannot be read: %(error)s"), path=path, error=error.strerror) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem("not_utf8", N_("This is not UTF-8"), N_("save the file as UTF-8"), path.name, line)
        raise DefinitionError([problem]) from error


def load(
    folder: Folder,
    facts: Facts,
    emails: Mapping[str, Collection[str]] | None = None,
    shared_checks: Mapping[str, SharedCheck] | None = None,
) -> Loaded:
    """Everything the folder defines, with all findings.

    `facts.known` names the segments and campaigns that stand in the database already; those of the folder are added.
    """
    problems: list[Problem] = []
    shared = {key: source for key, (file, text) in folder.shared.items() if (source := _read(text, file, problems))}
    for key, check in (shared_checks or {}).items():
        if key in shared:
            _gather(problems, partial(check, shared[key].text, shared[key].file))
    sources = [source for file, text in folder.campaigns.items() if (source := _read(text, file, problems))]
    fields, findings = read_fields(shared["fields"], facts) if "fields" in shared else ((), [])
    problems += findings
    facts = _knowing(facts.with_values(own(fields)), shared.get("segments"), sources, emails)
    segments: list[Definition] = []
    if "segments" in shared:
        one = shared["segments"]
        _gather(problems, lambda: segments.extend(load_segments(one.text, facts, one.file)))
    campaigns: list[tuple[Campaign, Source]] = []
    for source in sources:
        found, findings = read_campaign(source, facts, emails)
        problems += findings
        if found is not None:
            campaigns.append((found, source))
    problems += _doubles(campaigns)
    return Loaded(tuple(campaigns), tuple(segments), shared, tuple(_in_order(problems)), fields)


def _read(text: str, file: str, problems: list[Problem]) -> Source | None:
    found: list[Source] = []
    _gather(problems, lambda: found.append(read(text, file)))
    return found[0] if found else None


def _gather(problems: list[Problem], reading: Callable[[], object]) -> None:
    try:
        reading()
    except DefinitionError as error:
        problems += error.problems


def _knowing(
    facts: Facts, segments: Source | None, sources: list[Source], emails: Mapping[str, Collection[str]] | None
) -> Facts:
    """The facts, with the names that the folder adds to those known."""
    named = {
        "segment": set(segments.data) if segments is not None and isinstance(segments.data, Mapping) else set(),
        "campaign": {str(s.data.get("key")) for s in sources if isinstance(s.data, Mapping) and s.data.get("key")},
    }
    if "hand_segment" in facts.known:
        written = segments.data if segments is not None and isinstance(segments.data, Mapping) else {}
        kept = {key for key, raw in written.items() if isinstance(raw, Mapping) and raw.get("by_hand") is True}
        facts = facts.knowing(hand_segment=(facts.known["hand_segment"] - written.keys()))
        named["hand_segment"] = kept
    if emails is not None:
        named["email"] = set(emails)
    return facts.knowing(**{kind: set(facts.known.get(kind, ())) | found for kind, found in named.items()})


def _doubles(campaigns: list[tuple[Campaign, Source]]) -> list[Problem]:
    first: dict[str, Source] = {}
    problems = []
    for campaign, source in campaigns:
        if campaign.key in first:
            message, mend = N_("The key “%(key)s” is that of %(file)s too"), N_("give each campaign its own")
            found = source.problem(
                "double_key", message, path="key", mend=mend, key=campaign.key, file=first[campaign.key].file
            )
            problems.append(found)
        first.setdefault(campaign.key, source)
    return problems


def _in_order(problems: list[Problem]) -> list[Problem]:
    """By file and line, none twice."""
    return sorted(dict.fromkeys(problems), key=lambda one: (one.file, one.line, one.column))
