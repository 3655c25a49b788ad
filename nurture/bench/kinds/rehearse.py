"""A rehearsal: a campaign of the gallery played 60 days ahead with very many leads, on the real engine.

The naive way is the same rehearsal of few leads, counted up: nothing is shared by many then.
"""

import os
import time

from nurture.bench.failures import certain
from nurture.bench.model import Figure, Size
from nurture.bench.place import Place
from nurture.bench.processes import Watch
from nurture.bootstrap import gallery
from nurture.engine import definitions
from nurture.engine.definitions import Definitions
from nurture.kernel.context import Context
from nurture.kernel.i18n import N_
from nurture.leads.model import NewLead
from nurture.rehearsal.model import Request
from nurture.rehearsal.service import rehearse

TITLE = N_("Rehearsal: 10,000 leads, 60 days")
LEADS, DAYS, _NAIVE = 10_000, 60, 10
_WHOLE, _SHORT = 0.01, 5  # of a smaller scale only so many days
_CAMPAIGN = "welcome_series"


def run(place: Place, size: Size) -> list[Figure]:
    """Seconds of the rehearsal, its stage included."""
    number, days = size.of(LEADS, 20), DAYS if size.scale >= _WHOLE else _SHORT
    with place.context() as ctx:
        campaigns_at, templates_at = gallery(ctx.settings)
        with ctx.database.read() as conn:
            found = definitions.read(campaigns_at, templates_at, definitions.facts_of(conn))
        few = min(_NAIVE, number)
        slow = _once(ctx, found, few, days, place) / few
        watch = Watch({"rehearsal": os.getpid()})
        took = _once(ctx, found, number, days, place)
        return [
            Figure(
                "rehearse", round(took, 1), "s", f"{number:,} leads through {_CAMPAIGN}, {days} days", 60.0,
                round(slow * number, 1), parts=watch.parts(),
            )
        ]  # fmt: skip


def _once(ctx: Context, found: Definitions, number: int, days: int, place: Place) -> float:
    people = tuple(
        NewLead(email=f"lead{at}@example.com", name=f"Nguyễn Văn {at}", source="google",
                language="vi" if at % 3 else "en")
        for at in range(number)
    )  # fmt: skip
    at = place.folder / f"stage{number}.db"
    began = time.perf_counter()
    done = rehearse(ctx, Request(_CAMPAIGN, people=people, days=days), at, definitions=found)
    took = time.perf_counter() - began
    done.close()
    certain("leads that came in", done.report.enrolled, number)
    return took
