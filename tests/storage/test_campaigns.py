"""Campaigns are stored as revisions; applying changes all of it or nothing, and says what."""

import pytest
import sqlalchemy as sa

from nurture.campaigns import service, store
from nurture.campaigns.model import CampaignState
from nurture.campaigns.plan import Change, StepChange, What
from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.engine.tick import tick
from nurture.enrollments import store as enrollment_store
from nurture.kernel.context import Context
from nurture.kernel.errors import ConflictError, DefinitionError, NotFoundError
from nurture.users.tables import audit
from tests.storage.ticking import DAY, HELLO, SEGMENTS, add_leads, apply, clock, mails, places, publish_emails, rows


def _of(changes: tuple[Change, ...], kind: str) -> dict[str, What]:
    return {change.key: change.what for change in changes if change.kind == kind}


def test_a_new_campaign_goes_live_at_once(context: Context) -> None:
    """Its segments with it, each with one line of the audit, in real time."""
    real = context.clock.real() + DAY
    clock(context).real_at = real
    changes = apply(context, HELLO)
    assert _of(changes, "campaign") == {"hello": What.NEW}
    assert _of(changes, "segment") == {"everyone": What.NEW, "vips": What.NEW}
    with context.database.read() as conn:
        one = store.get(conn, "hello")
    assert one is not None
    assert (one.state, one.published_at) == (CampaignState.LIVE, context.clock.engine())
    assert rows(context, sa.select(audit.c.subject, audit.c.at).order_by(audit.c.subject)) == [
        ("campaign:hello", real), ("segment:everyone", real), ("segment:vips", real),
    ]  # fmt: skip


def test_applying_the_same_again_changes_nothing(context: Context) -> None:
    """Not even a line of the audit."""
    apply(context, HELLO)
    before = rows(context, sa.select(sa.func.count()).select_from(audit))
    changes = apply(context, HELLO)
    assert not any(change.matters for change in changes)
    assert rows(context, sa.select(sa.func.count()).select_from(audit)) == before


def test_comments_and_names_make_no_revision(context: Context) -> None:
    """The text is kept, the hash is the same."""
    apply(context, HELLO)
    changes = apply(context, "# ours\n" + HELLO.replace("name: Hello", "name: Xin chào"))
    assert _of(changes, "campaign") == {"hello": What.TEXTS}
    ((count,),) = rows(context, sa.select(sa.func.count()).select_from(campaign_revisions))
    assert count == 1
    with context.database.read() as conn:
        assert service.export(conn)["hello.yaml"].startswith("# ours\n")
        assert store.every(conn)[0].named("vi") == "Xin chào"


def test_those_under_way_keep_their_revision(context: Context) -> None:
    """New enrollments get the new one, and the plan says how many keep the old."""
    publish_emails(context, "hello", "again")
    add_leads(context, 2)
    apply(context, HELLO)
    tick(context)
    clock(context).advance(DAY)
    changed = HELLO.replace("2 days", "5 days").replace("send_email: hello", "send_email: again")
    with context.database.read() as conn:
        assert enrollment_store.under_way(conn) == {"hello": 2}
    changes = apply(context, changed)
    (change,) = (one for one in changes if one.kind == "campaign")
    assert change.what is What.CHANGED
    assert dict(change.steps) == {"first": StepChange.CHANGED, "breathe": StepChange.CHANGED}
    add_leads(context, 1)
    tick(context, refresh=True)
    assert places(context, "revision_id") == [(1,), (1,), (2,)]
    assert [row[0] for row in mails(context, "template_key")] == ["hello", "hello", "again"]


def test_going_back_to_an_old_text_finds_the_old_revision(context: Context) -> None:
    """A revision is its content."""
    apply(context, HELLO)
    apply(context, HELLO.replace("2 days", "5 days"))
    apply(context, HELLO)
    with context.database.read() as conn:
        one = store.get(conn, "hello")
        assert one is not None
        assert (one.revision_id, len(store.revisions_of(conn, one.id))) == (1, 2)


def test_a_changed_segment_is_a_changed_campaign(context: Context) -> None:
    """The hash covers the rules that the campaign names."""
    apply(context, HELLO)
    changes = apply(context, HELLO, segments=SEGMENTS.replace("tag: nobody", "tag: someone"))
    assert _of(changes, "segment")["everyone"] is What.CHANGED
    (change,) = (one for one in changes if one.kind == "campaign")
    assert (change.what, change.parts) == (What.CHANGED, ("segments",))


def test_a_plan_says_how_many_enter_at_the_first_publish(context: Context) -> None:
    """Those in the segment now."""
    add_leads(context, 3)
    changes = apply(context, HELLO)
    assert [change.existing for change in changes if change.kind == "campaign"] == [3]


def test_a_folder_with_findings_changes_nothing(context: Context) -> None:
    """All of it or nothing."""
    with pytest.raises(DefinitionError, match="nobody"):
        apply(context, HELLO, HELLO.replace("key: hello", "key: other").replace("everyone", "nobody"))
    with context.database.read() as conn:
        assert store.every(conn) == []


def test_when_a_campaign_was_resumed_is_engine_time(context: Context) -> None:
    """As all instants that what is late is measured by; in time-lapse the two are far apart."""
    apply(context, HELLO)
    real = context.clock.real()
    with context.database.write() as conn:
        for verb in ("pause", "resume"):
            service.act(conn, "hello", verb, now=real + 90 * DAY, real=real, actor="cli")
        assert conn.execute(sa.select(campaigns.c.resumed_at)).scalar_one() == real + 90 * DAY


def test_states_change_as_they_may(context: Context) -> None:
    """Pause, resume, archive; anything else is refused."""
    apply(context, HELLO)
    real = context.clock.real()
    with context.database.write() as conn:
        service.pause(conn, "hello", real=real, actor="cli")
        with pytest.raises(ConflictError):
            service.pause(conn, "hello", real=real, actor="cli")
        service.resume(conn, "hello", now=real, real=real, actor="cli")
        service.archive(conn, "hello", real=real, actor="cli")
        with pytest.raises(NotFoundError):
            service.pause(conn, "nobody", real=real, actor="cli")
    changes = apply(context, HELLO.replace("2 days", "5 days"))
    assert _of(changes, "campaign") == {"hello": What.CHANGED}
    with context.database.read() as conn:
        assert store.every(conn)[0].state is CampaignState.ARCHIVED


def test_shared_files_are_kept_with_their_text(context: Context) -> None:
    """Export gives back what was applied, byte for byte."""
    apply(context, HELLO)
    with context.database.read() as conn:
        assert service.export(conn) == {"hello.yaml": HELLO, "_shared/segments.yaml": SEGMENTS}
        assert store.shared(conn, "scoring") is None
