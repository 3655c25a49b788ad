"""What the process looks at after a reaction, it looks at by the days of its own zone."""

from dataclasses import replace

from nurture.activities.model import Kind
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.runtime import _react
from tests.storage.ticking import act, add_leads, apply, places

LEAVING = """
key: leaving
name: Leaving
entry: {segment: everyone, existing: enroll}
exit_when: {field: created_at, on: "2026-11-02"}
steps:
  - {id: breathe, wait: 2 days}
"""


def _stays(context: Context, zone: str) -> bool:
    """Whether a lead who came on 2 November at 02:00 UTC stays when something happens."""
    there = replace(context, settings=replace(context.settings, zone=zone))
    (lead,) = add_leads(there, 1)
    apply(there, LEAVING)
    tick(replace(there, settings=replace(there.settings, zone="America/Los_Angeles")))
    act(there, lead, Kind.NOTED)
    _react(there)
    return places(there, "state") == [("active",)]


def test_in_california_it_was_still_the_first(context: Context) -> None:
    """There the lead came on 1 November."""
    assert _stays(context, "America/Los_Angeles")


def test_in_vietnam_it_was_the_second(context: Context) -> None:
    """There the exit condition holds."""
    assert not _stays(context, "Asia/Ho_Chi_Minh")
