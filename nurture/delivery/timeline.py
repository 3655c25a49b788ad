"""What handing over writes into a lead's timeline. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Row

from nurture.activities.model import Kind
from nurture.activities.service import Activity


def is_to_lead(row: Row[Any]) -> bool:
    """Whether a message has a lead's timeline to stand in; mail to staff has none."""
    return row.lead_id is not None and row.user_id is None


def line(
    row: Row[Any],
    kind: Kind,
    now: datetime,
    detail: Mapping[str, Any],
    *,
    actor: str = "engine",
    key: str = "",
) -> Activity:
    """A line about a message, from its row; once for each message and kind, or each `key`."""
    cause = f"message:{row.id}"
    return Activity(
        row.lead_id, kind, now, actor, cause, f"{cause}:{key or kind.value}",
        message_id=row.id, campaign_key=row.campaign_key, email_key=row.template_key, detail=detail,
    )  # fmt: skip
