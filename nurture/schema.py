"""Every table of the product, gathered for migrations and for checks."""

from nurture.activities import tables as activities
from nurture.alerts import tables as alerts
from nurture.broadcasts import tables as broadcasts
from nurture.campaigns import tables as campaigns
from nurture.capture import tables as capture
from nurture.consents import tables as consents
from nurture.delivery import tables as delivery
from nurture.enrollments import tables as enrollments
from nurture.inbound import tables as inbound
from nurture.kernel import tables as kernel
from nurture.kernel.database import metadata
from nurture.leads import tables as leads
from nurture.messages import tables as messages
from nurture.opportunities import tables as opportunities
from nurture.outbound import tables as outbound
from nurture.policy import tables as policy
from nurture.scoring import tables as scoring
from nurture.segments import tables as segments
from nurture.tasks import tables as tasks
from nurture.tracking import tables as tracking
from nurture.users import tables as users

STAGES = (
    kernel, users, leads, consents, activities, capture, segments, policy, campaigns, enrollments,
    messages, broadcasts, delivery, tracking, inbound, scoring, opportunities, alerts, outbound, tasks,
)  # fmt: skip

__all__ = ["STAGES", "metadata"]
