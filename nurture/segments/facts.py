"""What rules may ask of segments: whether a lead is in one now. Pure."""

from nurture.kernel.i18n import N_
from nurture.rules.facts import NameSet, same
from nurture.segments.tables import memberships, segments

FACTS = (
    NameSet(
        "segment",
        memberships.join(segments, segments.c.id == memberships.c.segment_id),
        memberships.c.lead_id,
        segments.c.key,
        (N_("is in the segment %(names)s"), N_("is not in the segment %(names)s")),
        where=(memberships.c.left_at.is_(None), segments.c.archived_at.is_(None)),
        fold_literal=same,
    ),
)
