"""The look before a launch says what the start and the go then do, and what forbids it."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.broadcasts import service
from nurture.broadcasts.checklist import Level
from nurture.broadcasts.preflight import Look
from nurture.consents.model import Method, SuppressionReason
from nurture.consents.service import Said, suppress
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, InputError
from nurture.leads.tables import leads
from nurture.messages.tables import messages, template_revisions
from tests.storage.casting import draft, ground, launch, let_go, look, look_only, refuse, run, sends, stored
from tests.storage.ticking import add_leads


def _mailed(context: Context, lead_id: int, key: str = "") -> None:
    """A mail went to this lead just now."""
    now, key = context.clock.engine(), key or f"x{lead_id}"
    row = {
        "purpose": "campaign", "lead_id": lead_id, "template_key": "hello", "language": "vi", "class_": "advertising",
        "policy": {}, "state": "sent", "planned_at": now, "header_id": key, "not_before": now,
        "created_at": now, "unique_key": key, "gone_at": now,
    }  # fmt: skip
    with context.database.write() as conn:
        conn.execute(messages.insert().values(row))


def _items(found: Look) -> dict[str, Level]:
    return {item.text: item.level for item in found.items}


def _email(context: Context, **change: Any) -> None:
    """Change the text of the email that there is."""
    with context.database.write() as conn:
        for row in conn.execute(sa.select(template_revisions)).all():
            changed = {**row.compiled, **change}
            one = template_revisions.c.id == row.id
            conn.execute(template_revisions.update().where(one).values(compiled=changed))


def _house(context: Context) -> None:
    """Seven leads against whom something different speaks, and three who get it."""
    ground(context)
    add_leads(context, 8)
    add_leads(context, 2, agreed=False)
    refuse(context, "lead2@example.vn")
    with context.database.write() as conn:
        now = context.clock.engine()
        conn.execute(leads.update().where(leads.c.id == 3).values(email=None, phone="+84901234567"))
        conn.execute(leads.update().where(leads.c.id == 4).values(paused_at=now))
        conn.execute(leads.update().where(leads.c.id == 5).values(replied_at=now))
    _mailed(context, 6)


def test_the_numbers_are_those_of_the_start_and_the_go(context: Context) -> None:
    """Each reason with its count; with those who will get it they add up."""
    _house(context)
    draft(context, sending={"cap": "1 in 7 days"})
    found = look(context)
    assert found.refused == {
        "no_consent": 2, "capped": 1, "no_address": 1, "paused_by_hand": 1, "replied": 1, "unsubscribed": 1,
    }  # fmt: skip
    assert (found.audience, found.will) == (10, 3)
    launch(context)
    run(context)
    let_go(context)
    after = Counter(sends(context, "state", "reason"))
    assert {reason: count for (state, reason), count in after.items() if state == "skipped"} == found.refused
    assert after["sending", ""] == found.will


def test_the_sentence_names_the_numbers(context: Context) -> None:
    """In either language."""
    _house(context)
    draft(context, sending={"cap": "1 in 7 days"})
    found = look(context)
    assert found.sentence("en").startswith("3 of 10: 2 without consent, 1 over the cap, 1 without an address")
    assert found.sentence("vi") != found.sentence("en")


def test_looking_takes_as_many_queries_for_more_leads(context: Context) -> None:
    """However large the segment."""
    ground(context)
    counts: list[int] = []

    @sa.event.listens_for(context.database.engine, "before_cursor_execute")
    def _count(*_: object) -> None:
        if counts:
            counts[-1] += 1

    draft(context)
    for more in (20, 400):
        add_leads(context, more)
        look(context)
        counts.append(0)
        look_only(context)
        counts.append(0)
    assert counts[0] == counts[2] < 15


def test_a_large_drop_must_be_typed(context: Context) -> None:
    """The number of emails, or it does not go."""
    ground(context)
    add_leads(context, 7)
    add_leads(context, 3, agreed=False)
    draft(context)
    assert look(context).must_confirm
    with pytest.raises(InputError, match="Type 7 to confirm"):
        launch(context, confirmed=None)
    with pytest.raises(InputError):
        launch(context, confirmed=10)
    assert launch(context, confirmed=7).seen == {"audience": 10, "will": 7, "refused": {"no_consent": 3}}


def test_a_small_drop_need_not_be_typed(context: Context) -> None:
    """What is large is the author's to say."""
    ground(context)
    add_leads(context, 9)
    add_leads(context, 1, agreed=False)
    draft(context)
    launch(context, confirmed=None)
    draft(context, key="strict", drop="5%")
    with pytest.raises(InputError):
        launch(context, "strict", confirmed=None)


def test_numbers_that_have_changed_since_ask_for_another_look(context: Context) -> None:
    """A few leads more or less do not."""
    ground(context)
    add_leads(context, 20)
    draft(context)
    with pytest.raises(ConflictError, match="The numbers have changed since you looked: now 20 of 20"):
        launch(context, seen=(30, 30))
    with pytest.raises(ConflictError, match="The numbers have changed"):
        launch(context, seen=(20, 12))
    launch(context, seen=(21, 19))


def test_a_draft_changed_after_the_look_is_not_launched(context: Context) -> None:
    """What was looked at is what goes."""
    ground(context)
    add_leads(context, 2)
    draft(context)
    seen = look(context)
    draft(context, name="Another")
    now, real = context.clock.engine(), context.clock.real()
    with context.database.write() as conn, pytest.raises(ConflictError, match="Somebody else has changed it"):
        service.launch(
            conn, "tet", seen, by=None, house=context.settings.local_zone, now=now, real=real, confirmed=seen.will
        )


def test_advertising_without_a_way_out_is_forbidden(context: Context) -> None:
    """A care mail may go without."""
    ground(context)
    add_leads(context, 2)
    _email(context, html="<p>Hello</p>", text="Hello", reads=["lead"])
    draft(context)
    text = "There is no unsubscribe link, and advertising must have one"
    assert _items(look(context))[text] is Level.BAD
    with pytest.raises(ConflictError, match="no unsubscribe link"):
        launch(context)
    draft(context, sending={"class": "care"})
    assert text not in _items(look(context))
    launch(context)


def test_who_reads_it_in_another_language_is_counted(context: Context) -> None:
    """The email is there in Vietnamese only."""
    ground(context)
    add_leads(context, 3)
    add_leads(context, 2, language="en")
    draft(context)
    (item,) = [one for one in look(context).items if "another language" in one.text]
    assert item.level is Level.WATCH
    assert item.params == {"count": 2, "counts": "Tiếng Việt: 3, English: 2"}


def test_a_value_that_some_lack_is_found_by_making_the_emails(context: Context) -> None:
    """Of those who will get it."""
    ground(context)
    add_leads(context, 3, name="Mai", city="Huế")
    add_leads(context, 2, name="Lan")
    _email(context, text="{{ lead.city }} {{ unsubscribe_url }}")
    draft(context)
    (item,) = [one for one in look(context).items if "lack a value" in one.text]
    assert item.level is Level.WATCH
    assert "lead.city (2)" in str(item.params["fields"])


def test_a_text_that_cannot_be_made_is_forbidden(context: Context) -> None:
    """A subject of a variant that is no template."""
    ground(context)
    add_leads(context, 3)
    draft(context, email=None, variants=[{"email": "hello", "subject": "{{ lead.name"}])
    with pytest.raises(ConflictError, match="The email cannot be made"):
        launch(context)


def test_nobody_is_no_audience(context: Context) -> None:
    """Nobody in the segment, or nobody who may get it."""
    ground(context)
    draft(context)
    with pytest.raises(ConflictError, match="Nobody is in the audience"):
        launch(context)
    add_leads(context, 2, agreed=False)
    with pytest.raises(ConflictError, match="Nobody would get it"):
        launch(context)


def test_a_cap_that_frees_up_until_its_time_leaves_nobody_out(context: Context) -> None:
    """The look is at the planned time."""
    ground(context)
    add_leads(context, 2)
    _mailed(context, 1)
    draft(context, sending={"cap": "1 in 2 days"})
    assert look(context).refused == {"capped": 1}
    later = (context.clock.engine() + timedelta(days=4)).strftime("%Y-%m-%d 08:00")
    draft(context, sending={"cap": "1 in 2 days"}, when={"at": later})
    assert look(context).refused == {}
    assert stored(context).version == 2


def test_the_law_s_cap_a_pause_and_a_refused_topic_are_said_before(context: Context) -> None:
    """Each by its reason, as the go would say it."""
    ground(context)
    add_leads(context, 4)
    for number in range(3):
        _mailed(context, 1, f"ad:{number}")
    now = context.clock.engine()
    said = Said(Method.PAGE, "test", "lead", "test", now, now)
    with context.database.write() as conn:
        emails = list(conn.execute(sa.select(leads.c.email).order_by(leads.c.id)).scalars())
        until = now + timedelta(days=30)
        suppress(conn, context.keys, emails[1], SuppressionReason.PAUSED, said=said, until=until)
        suppress(conn, context.keys, emails[2], SuppressionReason.UNSUBSCRIBED, said=said, scope="topic:news")
    draft(context, sending={"topic": "news"})
    assert look(context).refused == {"capped": 1, "paused_by_lead": 1, "topic_refused": 1}
