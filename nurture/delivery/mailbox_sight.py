"""Which mails of the built-in mailbox a person sees: their leads' and their own; mail to staff is its reader's alone.

A condition for queries, as `messages.store.seen` has it: links that sign somebody in stand in mail to staff.
"""

import sqlalchemy as sa

from nurture.delivery.tables import mailbox_mails
from nurture.leads.store import visible
from nurture.leads.tables import leads
from nurture.messages.tables import messages
from nurture.users.model import Person
from nurture.users.tables import users


def sight(person: Person) -> sa.ColumnElement[bool]:
    """Administrators see everything; who sees every lead also sees mail that belongs to no message and no colleague."""
    if person.may_administer:
        return sa.true()
    of_a_lead = sa.and_(messages.c.lead_id.is_not(None), visible(person))
    message = sa.select(messages.c.id).select_from(messages.outerjoin(leads))
    mine = sa.or_(of_a_lead, messages.c.user_id == person.id)
    theirs = message.where(messages.c.header_id == mailbox_mails.c.header_id, mine).correlate(mailbox_mails).exists()
    if not person.sees_all:
        return theirs
    colleagues = sa.select(sa.func.lower(users.c.email)).where(users.c.id != person.id)
    return sa.or_(theirs, sa.func.lower(mailbox_mails.c.rcpt_to).not_in(colleagues))
