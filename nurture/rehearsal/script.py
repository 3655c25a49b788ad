"""Who does what when, as a file: a list of lines, each counted from the start. Pure but for `read_file`.

- {after: 1 day, lead: an@example.com, does: opens}
- {after: 26 hours, lead: an@example.com, does: clicks, email: welcome_series_hello, link: /bang-gia}
- {after: 3 days, lead: an@example.com, does: finishes_task, outcome: no_answer}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nurture.kernel.errors import DefinitionError, OutsideError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.spans import parse_span
from nurture.kernel.yamlfile import Source, read
from nurture.leads.normalize import email_of
from nurture.rehearsal.model import Act, Does

_KEYS = ("after", "lead", "does", "email", "link", "outcome")


def read_file(path: Path) -> tuple[Act, ...]:
    """The script in this file. OutsideError when it cannot be read, DefinitionError with every finding."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OutsideError(N_("%(path)s cannot be read: %(error)s"), path=path, error=error) from error
    return read_script(text, path.name)


def read_script(text: str, file: str = "script.yaml") -> tuple[Act, ...]:
    """The lines of a script. DefinitionError with every finding."""
    source = read(text, file)
    if not isinstance(source.data, list):
        raise DefinitionError([source.problem("not_a_list", N_("A list of lines belongs here, each after a dash"))])
    problems: list[Problem] = []
    acts = [act for number, line in enumerate(source.data) if (act := _act(source, line, f"[{number}]", problems))]
    if problems:
        raise DefinitionError(problems)
    return tuple(acts)


def _act(source: Source, line: Any, path: str, problems: list[Problem]) -> Act | None:
    if not isinstance(line, Mapping) or set(line) - set(_KEYS):
        message, mend = N_("A line of a script says after, lead and does"), N_("known are: %(known)s")
        problems.append(source.problem("bad_line", message, path=path, mend=mend, known=", ".join(_KEYS)))
        return None
    words = [one.value for one in Does]
    if line.get("does") not in words:
        message, mend = N_("“%(word)s” is nothing that a lead or its owner does"), N_("one of: %(known)s")
        problems.append(
            source.problem(
                "unknown_deed", message, path=f"{path}.does", mend=mend, word=line.get("does"), known=", ".join(words)
            )
        )
        return None
    address = email_of(str(line.get("lead", "")))
    try:
        after = parse_span(str(line.get("after")))
    except ValueError:
        message, mend = N_("“%(word)s” is no length of time"), N_("such as: 30 minutes, 3 hours, 2 days, 1 week")
        problems.append(source.problem("bad_span", message, path=f"{path}.after", mend=mend, word=line.get("after")))
        return None
    if address is None:
        problems.append(source.problem("bad_address", N_("An email address belongs here"), path=f"{path}.lead"))
        return None
    email, link, outcome = (str(line.get(key) or "") for key in ("email", "link", "outcome"))
    return Act(after, address, Does(line["does"]), email, link, outcome or "done")
