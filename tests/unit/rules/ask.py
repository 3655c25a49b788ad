"""Asks one condition of one lead in memory."""

from datetime import UTC, datetime
from typing import Any

from nurture.leads.facts import own
from nurture.leads.model import FieldDefinition, FieldType
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import Facts, Happening, View
from nurture.rules.parse import parse
from nurture.segments.store import built_in

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # Monday 09:00 in Asia/Ho_Chi_Minh
FIELDS = (
    FieldDefinition("trade", "Ngành nghề", FieldType.TEXT),
    FieldDefinition("staff", "Số nhân viên", FieldType.NUMBER),
    FieldDefinition("ends", "Ngày hết hạn", FieldType.DATE),
    FieldDefinition("vip", "VIP", FieldType.YES_NO),
    FieldDefinition("likes", "Sở thích", FieldType.LIST),
    FieldDefinition("plan", "Gói", FieldType.CHOICE, ("Cơ bản", "Nâng cao")),
)
FACTS: Facts = built_in().with_values(own(FIELDS))


def holds(
    when: Any,
    values: dict[str, Any] | None = None,
    sets: dict[str, set[str]] | None = None,
    happenings: dict[str, list[Happening]] | None = None,
) -> bool:
    """Whether the condition holds on a lead with these values, names and activities."""
    lead = View(
        1,
        values or {},
        {key: frozenset(names) for key, names in (sets or {}).items()},
        {kind: tuple(found) for kind, found in (happenings or {}).items()},
    )
    return evaluate(parse(when, FACTS), lead, NOW, FACTS).holds
