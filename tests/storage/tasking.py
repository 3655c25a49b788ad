"""What tests of tasks share: a campaign that waits for a call, staff, and looks at the rows."""

from typing import Any

import sqlalchemy as sa

from nurture.engine.leave import examine
from nurture.engine.react import react
from nurture.engine.tick import tick
from nurture.kernel.context import Context
from nurture.leads.desk import Hand
from nurture.tasks.tables import tasks
from nurture.users.model import Person

CALL = """
key: calls
name: Calls
entry: {segment: everyone, existing: enroll}
sending: {class: care}
steps:
  - id: call
    task:
      kind: call
      title: {vi: Gọi lại, en: Call back}
      due: 1 day
      outcomes:
        done: [{id: engaged, add_tag: engaged}]
        no_answer: [{id: again, add_tag: try-again}]
      timeout: {after: 3 days, then: [{id: late, add_tag: nobody-called}]}
  - {id: end, add_tag: through}
"""
LOOSE = """
key: calls
name: Calls
entry: {segment: everyone, existing: enroll}
sending: {class: care}
steps:
  - {id: call, task: {kind: visit, note: Bring the catalog}}
  - {id: breathe, wait: 30 days}
"""


def hand(context: Context, person: Person) -> Hand:
    """This person, now."""
    return Hand(person, context.clock.engine(), context.clock.real())


def found(context: Context, *columns: str) -> list[tuple[Any, ...]]:
    """The tasks in the order of their ids, as tuples of these columns."""
    query = sa.select(*(tasks.c[name] for name in columns)).order_by(tasks.c.id)
    with context.database.read() as conn:
        return [tuple(row) for row in conn.execute(query)]


def go_on(context: Context) -> None:
    """What runs in the background, until nothing is left: reactions and the clock."""
    while react(context, after=(lambda conn, ids, *, now, real: examine(conn, ids, now, real),)):
        pass
    tick(context)
