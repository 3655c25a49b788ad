"""A test of variants: a share gets them, people's clicks choose, noise chooses nobody."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.activities.tables import activities
from nurture.broadcasts import service
from nurture.broadcasts.model import BroadcastState as State
from nurture.delivery import store as delivery
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, InputError
from nurture.messages.tables import messages, template_revisions
from tests.storage.casting import click, draft, ground, launch, run, sends, steer, stored
from tests.storage.ticking import HOUR, add_leads, clock, hand_over, rows

TRIAL: dict[str, Any] = {
    "email": None,
    "variants": [{"email": "hello"}, {"email": "second"}],
    "test": {"share": "50%", "after": "4 hours"},
}


def _begin(context: Context, leads: int = 60, **change: Any) -> Counter[str]:
    """A broadcast with a test, its audience written; gives how many are in which group."""
    ground(context, "second")
    add_leads(context, leads)
    draft(context, **{**TRIAL, **change})
    launch(context)
    run(context)
    return Counter(str(step) for (step,) in sends(context, "step"))


def _hand_over(context: Context) -> None:
    """The relay takes what may go; of the rest nothing has a text yet."""
    waiting = messages.c.step.is_(None)
    with context.database.write() as conn:
        conn.execute(messages.update().where(waiting).values(not_before=context.clock.engine() + timedelta(days=9)))
    hand_over(context)
    with context.database.write() as conn:
        conn.execute(messages.update().where(waiting).values(not_before=context.clock.engine()))


def _agreed_and_clicked(context: Context, leads: int, a: int, b: int, **change: Any) -> Counter[str]:
    groups = _begin(context, leads, **change)
    _hand_over(context)
    click(context, "a", a)
    click(context, "b", b)
    return groups


def test_the_rest_waits_and_nothing_of_it_may_go(context: Context) -> None:
    """It has no text yet; the account says why it waits."""
    groups = _begin(context)
    assert set(groups) == {"a", "b", "None"}
    found = Counter(sends(context, "step", "state", "reason", "occurrence"))
    assert found[None, "queued", "test_running", 2] == groups["None"]
    with context.database.write() as conn:
        at = context.database.now(conn)
        times = {"now": context.clock.engine(), "real": context.clock.real(), "at": at}
        ids = delivery.reserve(conn, "s1", 100, lease=HOUR, **times)
    assert len(ids) == groups["a"] + groups["b"]


def test_before_its_time_nothing_is_decided(context: Context) -> None:
    """The time counts from when the last of the test has gone."""
    _begin(context)
    clock(context).advance(5 * HOUR)
    run(context)
    assert stored(context).result is None
    _hand_over(context)
    clock(context).advance(3 * HOUR)
    run(context)
    assert stored(context).result is None
    clock(context).advance(HOUR)
    run(context)
    assert stored(context).result is not None


def test_the_better_one_goes_to_the_rest(context: Context) -> None:
    """By people's clicks, with its figures kept; then it is done."""
    groups = _agreed_and_clicked(context, 200, 5, 35)
    clock(context).advance(4 * HOUR)
    run(context)
    found = stored(context)
    assert (found.winner, found.decided_by) == ("b", "engine")
    assert found.result is not None
    assert found.result["finding"] == "winner"
    assert [(one["key"], one["trials"], one["successes"]) for one in found.result["variants"]] == [
        ("a", groups["a"], 5), ("b", groups["b"], 35),
    ]  # fmt: skip
    after = Counter(sends(context, "step", "template_key", "occurrence", "state", "reason"))
    assert after["b", "second", 2, "queued", ""] == groups["None"]
    hand_over(context)
    run(context)
    assert stored(context).state is State.DONE
    assert Counter(step for (step,) in sends(context, "step")) == {"a": groups["a"], "b": groups["b"] + groups["None"]}


def test_noise_chooses_nobody_and_a_person_does(context: Context) -> None:
    """The rest waits until somebody has chosen; who chose is kept."""
    _agreed_and_clicked(context, 200, 14, 16)
    clock(context).advance(9 * HOUR)
    run(context)
    found = stored(context)
    assert (found.winner, found.state) == (None, State.SENDING)
    assert found.result is not None
    assert (found.result["finding"], found.result["leader"]) == ("no_difference", "b")
    now, real = clock(context).engine(), clock(context).real()
    with context.database.write() as conn:
        with pytest.raises(InputError):
            service.choose(conn, "tet", "d", by=None, now=now, real=real)
        service.choose(conn, "tet", "a", by=None, now=now, real=real)
    run(context)
    assert (stored(context).winner, stored(context).decided_by) == ("a", "cli")
    assert not [step for (step,) in sends(context, "step") if step is None]
    with context.database.write() as conn, pytest.raises(ConflictError):
        service.choose(conn, "tet", "b", by=None, now=now, real=real)


def test_too_few_clicks_are_no_evidence_and_the_author_s_choice_goes(context: Context) -> None:
    """Not enough data, said so; the first goes to the rest."""
    test = {"share": "50%", "after": "4 hours", "otherwise": "first"}
    _agreed_and_clicked(context, 40, 0, 3, test=test)
    clock(context).advance(4 * HOUR)
    run(context)
    found = stored(context)
    assert found.result is not None
    assert (found.winner, found.result["finding"]) == ("a", "not_enough")


def test_clicks_that_were_withdrawn_do_not_count(context: Context) -> None:
    """A machine's, as it turned out."""
    _agreed_and_clicked(context, 200, 5, 35)
    with context.database.write() as conn:
        conn.execute(activities.update().values(withdrawn_at=context.clock.engine()))
    clock(context).advance(4 * HOUR)
    run(context)
    found = stored(context)
    assert found.result is not None
    assert [one["successes"] for one in found.result["variants"]] == [0, 0]
    assert found.winner is None


def test_nobody_can_get_it_and_it_ends(context: Context) -> None:
    """A test of which nothing went is not enough, and waits for a person; the stop ends it."""
    groups = _begin(context, 20)
    with context.database.write() as conn:
        tested = messages.c.step.is_not(None)
        conn.execute(messages.update().where(tested).values(state="skipped", reason="no_consent"))
    run(context)
    found = stored(context)
    assert found.result is not None
    assert found.result["finding"] == "not_enough"
    steer(context, "stop")
    run(context)
    assert Counter(state for (state,) in sends(context, "state"))["canceled"] == groups["None"]
    assert stored(context).ended_at is not None


def test_a_variant_may_be_another_subject_only(context: Context) -> None:
    """Its text is frozen at the start, so that all read the same; the email's own stays as it is."""
    variants = [{"email": "hello"}, {"email": "hello", "subject": {"vi": "Chỉ hôm nay"}}]
    groups = _begin(context, 40, variants=variants)
    texts = stored(context).texts
    assert texts is not None
    assert texts["a"]["vi"] != texts["b"]["vi"]
    named = rows(context, sa.select(template_revisions.c.id, template_revisions.c.compiled))
    subjects = {row.id: row.compiled["subject"] for row in named}
    assert subjects[texts["b"]["vi"]] == "Chỉ hôm nay"
    assert subjects[texts["a"]["vi"]] == "Chào {{ lead.name }}"
    found = Counter(sends(context, "step", "template_revision_id"))
    assert found["b", texts["b"]["vi"]] == groups["b"]
    assert found["a", texts["a"]["vi"]] == groups["a"]
    assert found[None, None] == groups["None"]
    now, real = clock(context).engine(), clock(context).real()
    with context.database.write() as conn:
        service.choose(conn, "tet", "b", by=None, now=now, real=real)
    run(context)
    assert (
        Counter(sends(context, "step", "template_revision_id"))["b", texts["b"]["vi"]] == groups["b"] + groups["None"]
    )
