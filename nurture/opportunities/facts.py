"""What rules may ask of a lead's opportunities. Pure."""

from nurture.kernel.i18n import N_
from nurture.opportunities.model import OpportunityState
from nurture.opportunities.tables import opportunities
from nurture.rules.facts import Fact, Records, Type, same

_STATE = Fact("state", Type.CHOICE, N_("state"), opportunities.c.state, nullable=False, choices=tuple(OpportunityState))
_PARTS = (
    _STATE,
    Fact("stage", Type.TEXT, N_("stage"), opportunities.c.stage, nullable=False, fold_value=same),
    Fact("pipeline", Type.TEXT, N_("pipeline"), opportunities.c.pipeline, nullable=False, fold_value=same),
    Fact("product_line", Type.TEXT, N_("product line"), opportunities.c.product_line, nullable=False, fold_value=same),
    Fact("value", Type.NUMBER, N_("value"), opportunities.c.value),  # in minor units
    Fact("opened", Type.INSTANT, N_("opened"), opportunities.c.opened_at, nullable=False),
    Fact("in_stage_since", Type.INSTANT, N_("in its stage since"), opportunities.c.stage_since, nullable=False),
    Fact("closed", Type.INSTANT, N_("closed"), opportunities.c.closed_at),
)
_CLOSED = ("won", "lost", "returned", "withdrawn")

FACTS = (
    Records(
        "opportunity",
        opportunities,
        opportunities.c.lead_id,
        {one.key: one for one in _PARTS},
        said={
            "": (N_("has an opportunity"), N_("has no opportunity")),
            "open": (N_("has an open opportunity"), N_("has no open opportunity")),
            "won": (N_("has an opportunity that was won"), N_("has no opportunity that was won")),
            "lost": (N_("has an opportunity that was lost"), N_("has no opportunity that was lost")),
        },
        since={"": "opened", **dict.fromkeys(_CLOSED, "closed")},
        shows=("state", "stage", "value"),
    ),
)
