"""Why a lead is left in peace, from what a page knows already. Pure."""

from collections.abc import Iterable

from nurture.engine.known import Known
from nurture.leads.model import Lead
from nurture.opportunities.model import Opportunity
from nurture.policy.silence import Quiet


def quiet_of(lead: Lead, deals: Iterable[Opportunity], known: Known) -> Quiet:
    """What asks for silence with this lead, as `policy.store.quiet` has it from the database."""
    open_ones = [one for one in deals if one.is_open]
    names = known.names([lead.owner_id, *(one.owner_id for one in open_ones)])
    owner = names.get(lead.owner_id or 0, "")
    sellers = sorted(name for one in open_ones if (name := names.get(one.owner_id or 0)))
    return Quiet(lead.paused_at, lead.replied_at, owner, bool(open_ones), (sellers or [owner])[0] if open_ones else "")
