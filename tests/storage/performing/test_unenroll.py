"""The effect Unenroll lets leads leave other campaigns."""

import sqlalchemy as sa

from nurture.activities.model import Kind
from nurture.enrollments.tables import enrollments
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from tests.storage.performing.ground import go, lines
from tests.storage.ticking import add_leads, publish_emails, rows

OTHER = """
key: another
name: O
entry: {segment: everyone, existing: enroll}
steps:
  - {id: mail, send_email: hello}
  - {id: a, wait: 1 day}
"""
THIRD = "key: third\nname: T\nentry: {by_hand: true}\nsteps:\n  - {id: a, wait: 1 day}\n"


def test_a_lead_leaves_with_its_mail(context: Context) -> None:
    """Also when both campaigns are looked at in the same moment: the one that was left stays left."""
    publish_emails(context, "hello")
    (lead,) = add_leads(context, 1)
    go(context, "unenroll: another", "unenroll: third", others=[OTHER, THIRD])
    e = enrollments.c
    assert rows(context, sa.select(e.state, e.reason, e.detail).where(e.reason == "taken_out")) == [
        ("exited", "taken_out", {"campaign": "hello"})
    ]
    assert rows(context, sa.select(messages.c.state, messages.c.reason)) == [("canceled", "taken_out")]
    left = [(one, key) for one, _, _, key, _ in lines(context, Kind.LEFT_CAMPAIGN)]
    assert (lead, "another") in left
