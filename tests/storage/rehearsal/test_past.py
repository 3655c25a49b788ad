"""What a lead has behind it counts on the stage, and what hangs on the whole is decided there."""

from datetime import timedelta
from pathlib import Path

import pytest

from nurture.kernel.context import Context
from nurture.rehearsal.model import Act, Does, Request
from nurture.rehearsal.service import rehearsed
from nurture.rehearsal.testing import people, rehearsal
from tests.storage.casting import draft, ground, launch, let_go, run, steer
from tests.storage.rehearsal.ground import written
from tests.storage.ticking import HELLO, add_leads, apply

_SPLIT = """
key: tour
name: Tour
entry: {by_hand: true}
goal: {tag: never}
sending: {class: advertising}
steps:
  - id: which
    split:
      ways:
        a: {weight: 50, steps: [{id: hello, send_email: tour_hello}]}
        b: {weight: 50, steps: [{id: again, send_email: tour_again}]}
      winner: {by: clicks, after: 1 day, least: 10}
"""


def test_the_winner_of_a_split_is_decided(tmp_path: Path) -> None:
    """Everybody who gets the one text clicks, nobody who gets the other."""
    campaigns, emails = written(tmp_path)
    (campaigns / "tour.yaml").write_text(_SPLIT, "utf-8")
    leads = people(40)
    script = [Act(timedelta(hours=2), str(one.email), Does.CLICKS, "tour_hello") for one in leads]
    with rehearsal(campaigns, emails, "tour", leads, days=2, script=script) as found:
        assert [(one.step, one.winner) for one in found.report.winners] == [("which", "a")]


@pytest.mark.parametrize("paused", [False, True])
def test_mail_of_a_broadcast_on_its_way_counts_for_the_cap(context: Context, tmp_path: Path, *, paused: bool) -> None:
    """What was in a conversation has gone; of one that is paused nothing goes, so the campaign's mail does."""
    ground(context, "again")
    add_leads(context, 2, name="An")
    apply(context, HELLO + "sending: {cap: 1 in 7 days}\n")
    draft(context)
    launch(context)
    run(context)
    if paused:
        steer(context, "pause")
    else:
        assert len(let_go(context)) == 2
    request = Request("hello", segment="everyone", days=1, behavior=None)
    with rehearsed(context, request, tmp_path / "stage.db") as found:
        assert found.report.sent == (2 if paused else 0)
