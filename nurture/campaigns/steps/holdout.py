"""Draw a share of the leads who get no mail of this campaign, so that its effect can be measured. `holdout: 10%`.

The draw hangs on campaign, step and lead alone. Whoever is drawn goes through every step like the others, but each
mail is skipped with its reason; the campaign's page compares how many of both groups reach the goal.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nurture.campaigns.draw import draw
from nurture.campaigns.effects import Go, Moment
from nurture.campaigns.reading import Reading
from nurture.kernel.i18n import N_, translate
from nurture.rules.titles import UNTITLED, Titles

SCHEMA: Mapping[str, Any] = {
    "type": "string",
    "pattern": "^([1-9]|[1-4][0-9]|50) ?%$",
    "description": "The share of leads, from 1% to 50%, who get no mail of this campaign, for comparison.",
}
HELD = "holdout"  # the outcome of those drawn, and what the enrollment remembers
MAILED = "mailed"
_FORM = re.compile(r"([0-9]{1,2}) ?%")


@dataclass(frozen=True, slots=True)
class Holdout:
    """Which share, in percent, of which campaign's leads."""

    percent: int
    campaign: str = ""


def read(reading: Reading, value: Any, path: str) -> Holdout:
    """A share from 1% to 50%. Without a goal there is nothing to compare, which is said."""
    match = _FORM.fullmatch(value.strip()) if isinstance(value, str) else None
    percent = int(match[1]) if match else 0
    if not 1 <= percent <= 50:
        message = N_("“%(word)s” is no share from 1%% to 50%%")
        reading.wrong("bad_share", path, message, N_("such as: holdout: 10%%"), word=value)
        percent = 1
    if reading.of_campaign("goal") is None:
        message = N_("Without a goal the group without mail cannot be compared with the others")
        reading.wrong("no_goal", path, message, N_("say what the campaign is for: goal: …"), "warning")
    return Holdout(percent, str(reading.of_campaign("key") or ""))


def act(config: Holdout, moment: Moment) -> Go:
    """Go on, drawn or not."""
    if draw("holdout", config.campaign, moment.step, moment.lead_key) * 100 < config.percent:
        return Go(outcome=HELD, remember={HELD: True})
    return Go(outcome=MAILED)


def describe(config: Holdout, language: str, titles: Titles = UNTITLED) -> str:  # noqa: ARG001 - names nothing by key
    """`10% get no mail, for comparison`."""
    return translate(language, "%(percent)s%% of the leads get no email, for comparison", percent=config.percent)
