"""The document of a webhook: what happened, when, and what the receiver may know of the lead. Pure.

`{"type": "campaign.step", "timestamp": …, "data": {…}}`, the form that Standard Webhooks asks for.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

TYPE = "campaign.step"
OWN = "fields."  # before the key of a custom field
# What may be sent of a lead, besides custom fields; all of it when nothing is chosen.
SENDABLE = (
    "public_id", "name", "given_name", "honorific", "email", "phone", "company", "city", "language", "lifecycle",
    "temperature",
)  # fmt: skip


def document(
    *,
    at: datetime,
    campaign: str,
    step: str,
    occurrence: int,
    enrollment: int,
    name: str,
    lead: Mapping[str, Any],
    send: Sequence[str] = (),
) -> str:
    """The document as it goes out, the same at every try. `lead` has the sendable values and `fields`."""
    data = {
        "name": name,
        "campaign": campaign,
        "step": step,
        "round": occurrence,
        "enrollment": enrollment,
        "lead": chosen(lead, send),
    }
    whole = {"type": TYPE, "timestamp": at.isoformat(), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def chosen(lead: Mapping[str, Any], send: Sequence[str]) -> dict[str, Any]:
    """The values that are sent; one that is missing is null. The public id is always among them."""
    own: Mapping[str, Any] = lead.get("fields") or {}
    if not send:
        return {**{key: lead.get(key) or None for key in SENDABLE}, "fields": dict(own)}
    found: dict[str, Any] = {"public_id": lead.get("public_id")}
    found |= {key: lead.get(key) or None for key in send if not key.startswith(OWN)}
    kept = {key: own.get(key) for key in (one.removeprefix(OWN) for one in send if one.startswith(OWN))}
    return found | ({"fields": kept} if kept else {})
