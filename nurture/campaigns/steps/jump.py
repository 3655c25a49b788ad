"""Go to another step, so many times; then straight on. `jump: {to: remind, at_most: 3}`.

Each jump begins another round: the steps between may be passed again, and their emails go again. How often a lead has
jumped here is counted over its whole way. A round of less than a minute is the last, so that nobody gets a hundred
messages at one instant, however the waits between come out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture.campaigns.effects import Go, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate_plural
from nurture.rules.titles import UNTITLED, Titles

MOST = 100
AGAIN = "again"
SHORTEST = timedelta(minutes=1)  # that a round takes, as the shortest wait
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "to": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,79}$", "description": "The id of a step."},
        "at_most": {"type": "integer", "minimum": 1, "maximum": MOST, "description": "How often a lead may jump here."},
    },
    "required": ["to", "at_most"],
    "additionalProperties": False,
    "description": "Go to another step, so many times; then straight on.",
}


@dataclass(frozen=True, slots=True)
class Jump:
    """Where to, and how often."""

    to: str
    at_most: int


def read(reading: Reading, value: Any, path: str) -> Jump:
    """The id of a step and the limit; whether there is such a step is seen when all are read."""
    parts = reading.mapping(value, path, required=("to", "at_most"))
    most = parts.get("at_most")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= MOST):
        message = N_("A whole number from %(low)s to %(high)s belongs here")
        reading.wrong("not_a_number", f"{path}.at_most", message, low=1, high=MOST)
        most = 1
    return Jump(reading.key(parts["to"], f"{path}.to") if parts.get("to") is not None else "", most or 1)


def targets(config: Jump) -> Mapping[str, str]:
    """The step it leads to."""
    return {AGAIN: config.to} if config.to else {}


def act(config: Jump, moment: Moment) -> Go:
    """Another round; straight on once the limit is reached, or where the last round took hardly any time."""
    mark, at = f"jumped/{moment.step}", f"jumped_at/{moment.step}"
    times, before = int(moment.memory.get(mark, 0)), moment.memory.get(at)
    if times >= config.at_most or (before and moment.planned - datetime.fromisoformat(before) < SHORTEST):
        return Go()
    return Go(AGAIN, AGAIN, again=True, remember={mark: times + 1, at: moment.planned.isoformat()})


def describe(config: Jump, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - a step has no title
    """`Go to the step “remind”, at most 3 times`."""
    one, many = "Go to the step “%(step)s”, at most once", "Go to the step “%(step)s”, at most %(count)s times"
    return translate_plural(language, one, many, config.at_most, step=config.to)
