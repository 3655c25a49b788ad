"""Campaigns through which a lead comes back to where it was, again and again at one instant, come to rest."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import decisions
from nurture.campaigns.tables import campaigns
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.enrollments import service
from nurture.enrollments.entry import MOST
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.kernel.reasons import Reason
from nurture.leads import service as lead_service
from nurture.rehearsal.testing import people, rehearsal
from nurture.segments import store as segment_store
from tests.journeys.playing import House, add_leads, publish_emails
from tests.storage.rehearsal.ground import written
from tests.storage.ticking import DAY, HOUR, SEGMENTS, apply, clock, rows

GUESTS = f"""{SEGMENTS}
guests: {{name: Guests, by_hand: true}}
idle: {{name: Idle, when: {{none: [{{campaign: {{key: one, state: active}}}}]}}}}
"""
BY = {"actor": "user:1", "cause": "user:1"}
HAND: dict[str, Any] = {"by_hand": True}


def _campaign(key: str, entry: Mapping[str, Any], *steps: Mapping[str, Any], again: Any = "after_exit") -> str:
    """A campaign into which leads come again; JSON is YAML."""
    numbered = [{"id": f"s{number}", **step} for number, step in enumerate(steps)]
    sending = {"class": "care"}
    return json.dumps(
        {"key": key, "name": key, "entry": {**entry, "again": again}, "sending": sending, "steps": numbered}
    )


def _points(points: int) -> dict[str, Any]:
    return {"change_score": {"axis": "engagement", "points": points, "reason": "so"}}


def _if(*steps: Mapping[str, Any]) -> dict[str, Any]:
    """Steps behind a condition that always holds: what stands there is not known to be without end."""
    numbered = [{"id": f"t{number}", **step} for number, step in enumerate(steps)]
    return {"branch": {"when": {"none": [{"tag": "nobody"}]}, "then": numbered}}


def _also(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"any": [HAND, entry]}


CIRCLES = {
    "itself": [_campaign("one", HAND, _if({"enroll": "one"}))],
    "two": [_campaign("one", HAND, _if({"enroll": "two"})), _campaign("two", HAND, {"enroll": "one"})],
    "a tag": [_campaign("one", _also({"tag": "gold"}), {"remove_tag": "gold"}, {"add_tag": "gold"})],
    "that it has left": [_campaign("one", _also({"activity": {"left_campaign": {}}}), {"exit": "so"})],
    "a segment by hand": [
        _campaign(
            "one", _also({"segment": "guests", "existing": "skip"}),
            {"add_to_segment": "guests"}, {"remove_from_segment": "guests"}, {"add_to_segment": "guests"},
        )
    ],
    "a segment by rule": [
        _campaign(
            "one", _also({"segment": "vips", "existing": "skip"}),
            {"remove_tag": "vip"}, {"send_email": "hello"}, {"add_tag": "vip"},
        )
    ],
    "that it is in it no more": [
        _campaign("one", _also({"segment": "idle", "existing": "skip"}), {"send_email": "hello"})
    ],
    "its score": [
        _campaign("one", _also({"crossed": {"engagement": 500}}), _points(-1000), _points(1000)),
        _campaign("begin", HAND, _points(1000)),
    ],
}  # fmt: skip


def _entries(context: Context) -> dict[str, int]:
    query = sa.select(campaigns.c.key, sa.func.count()).join(enrollments, enrollments.c.campaign_id == campaigns.c.id)
    return {row[0]: row[1] for row in rows(context, query.group_by(campaigns.c.key))}


def _refused(context: Context) -> list[tuple[str, Any]]:
    query = sa.select(decisions.c.subject, decisions.c.detail).where(decisions.c.reason == Reason.TOO_OFTEN.value)
    return [tuple(row) for row in rows(context, query.order_by(decisions.c.id))]


def _house(context: Context, *texts: str) -> tuple[House, int]:
    """A house with these campaigns and one lead, which was there before them."""
    publish_emails(context, "hello")
    (lead,) = add_leads(context, 1)
    apply(context, *texts, segments=GUESTS)
    house = House(context)
    house.settle()
    clock(context).advance(DAY)
    house.settle()
    return house, lead


def _enroll(context: Context, key: str, lead: int, **more: Any) -> list[service.Entered]:
    with context.database.write() as conn:
        now, real = context.clock.engine(), context.clock.real()
        return service.enroll(conn, key, [lead], cause="user:1", actor="user:1", now=now, real=real, **more)


@pytest.mark.parametrize("name", CIRCLES)
def test_no_lead_goes_round_without_end(context: Context, name: str) -> None:
    """It comes into each campaign so many times, then the reason is kept, and the instant is over."""
    texts = CIRCLES[name]
    house, lead = _house(context, *texts)
    _enroll(context, json.loads(texts[-1])["key"], lead)
    house.settle()
    assert max(_entries(context).values()) == MOST
    ((subject, detail),) = _refused(context)
    assert subject.startswith("campaign:")
    assert detail == {"count": MOST, "hours": 24}


def test_nobody_goes_round_with_each_beat_of_the_clock(context: Context) -> None:
    """A minute between does not make it another day."""
    slow = _campaign("one", HAND, {"wait": "1 minute"}, {"enroll": "one"}, again={"after": "1 minute"})
    quick = _campaign("two", HAND, {"wait": "5 minutes"}, {"enroll": "two"})
    house, lead = _house(context, slow, quick)
    for key in ("one", "two"):
        _enroll(context, key, lead)
    house.on(DAY)
    assert _entries(context) == {"one": 1, "two": MOST}


def test_a_slow_circle_goes_on(context: Context) -> None:
    """Who comes back every few hours does not come too often."""
    house, lead = _house(context, _campaign("one", HAND, {"wait": "3 hours"}, {"enroll": "one"}))
    _enroll(context, "one", lead)
    house.on(34 * HOUR)
    assert _entries(context)["one"] > MOST
    assert _refused(context) == []


def test_a_day_later_it_may_come_again(context: Context) -> None:
    """What it came for a day ago is not counted any more."""
    house, lead = _house(context, *CIRCLES["a tag"])
    _enroll(context, "one", lead)
    house.settle()
    house.on(DAY)
    assert _entries(context) == {"one": MOST}
    with context.database.write() as conn:
        now, real = context.clock.engine(), context.clock.real()
        lead_service.untag(conn, lead, "gold", now=now, real=real, **BY)
        lead_service.tag(conn, lead, "gold", now=now, real=real, **BY)
    house.settle()
    assert _entries(context) == {"one": 2 * MOST}


def test_a_rehearsal_of_a_circle_ends(tmp_path: Path) -> None:
    """It shows how often each lead would come."""
    folders = written(tmp_path)
    (folders[0] / "tour.yaml").write_text(_campaign("tour", HAND, _if({"enroll": "tour"})), "utf-8")
    with rehearsal(*folders, "tour", people(2), days=3) as found:
        assert (found.report.enrolled, found.report.ended_by) == (2 * MOST, {"done": 2 * MOST})


def test_a_person_may_put_a_lead_in_however_often(context: Context) -> None:
    """Another program may not: it may be part of a circle."""
    _, lead = _house(context, _campaign("one", {"any": [HAND, {"api": True}]}, {"exit": "so"}))
    for _ in range(MOST + 2):
        assert _enroll(context, "one", lead)[0].reason is None
        tick(context)
    with context.database.write() as conn:
        now, real = context.clock.engine(), context.clock.real()
        reading = service.Reading(segment_store.facts(conn))
        (found,) = service.call(conn, "one", [lead], reading, cause="api:1", now=now, real=real, actor="api")
    assert found.reason is Reason.TOO_OFTEN
    while react(context):
        pass
