"""What rules may ask of a lead's way through campaigns. Pure."""

from nurture.campaigns.tables import campaigns
from nurture.enrollments.model import EnrollmentState
from nurture.enrollments.tables import enrollments
from nurture.kernel.i18n import N_
from nurture.rules.facts import Fact, Records, Type, same

_PARTS = (
    Fact(
        "key", Type.TEXT, N_("campaign"), campaigns.c.key, nullable=False, fold_value=same, fold_literal=same,
        names="campaign",
    ),
    Fact("state", Type.CHOICE, N_("state"), enrollments.c.state, nullable=False, choices=tuple(EnrollmentState)),
    Fact("step", Type.TEXT, N_("step"), enrollments.c.step, fold_value=same, fold_literal=same),
    Fact("reason", Type.TEXT, N_("reason"), enrollments.c.reason, fold_value=same),
    Fact("entered", Type.INSTANT, N_("entered"), enrollments.c.entered_at, nullable=False),
    Fact("ended", Type.INSTANT, N_("ended"), enrollments.c.ended_at),
)  # fmt: skip

FACTS = (
    Records(
        "campaign",
        enrollments.join(campaigns, campaigns.c.id == enrollments.c.campaign_id),
        enrollments.c.lead_id,
        {one.key: one for one in _PARTS},
        said={
            "": (N_("has been in %(names)s"), N_("has never been in %(names)s")),
            "active": (N_("is under way in %(names)s"), N_("is not under way in %(names)s")),
            "completed": (N_("completed %(names)s"), N_("did not complete %(names)s")),
            "exited": (N_("left %(names)s early"), N_("did not leave %(names)s early")),
        },
        since={"": "entered", **dict.fromkeys(("completed", "exited", "failed"), "ended")},
        shows=("key", "state", "reason"),
    ),
)
