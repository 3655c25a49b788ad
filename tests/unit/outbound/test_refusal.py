"""A refusal of text messages is said in the words of that channel."""

from datetime import UTC, datetime

import pytest

from nurture.consents.model import Purpose, Standing, Suppressed, SuppressionReason
from nurture.kernel.reasons import Reason
from nurture.outbound.refusal import sms_refusal

AT = datetime(2026, 11, 1, tzinfo=UTC)
YES, NO = {Purpose.ADVERTISING: (True, AT)}, {Purpose.ADVERTISING: (False, AT)}
STOP = (Suppressed(1, SuppressionReason.UNSUBSCRIBED, "all", "x", AT),)
LISTED = (Suppressed(1, SuppressionReason.BY_HAND, "all", "x", AT),)


@pytest.mark.parametrize(
    ("standing", "class_", "reason"),
    [
        (Standing(False, YES), "advertising", Reason.NO_PHONE),
        (Standing(True, {}), "advertising", Reason.NO_CONSENT),
        (Standing(True, NO), "advertising", Reason.SMS_REFUSED),
        (Standing(True, YES), "advertising", None),
        (Standing(True, {}), "care", None),
        (Standing(True, YES, STOP), "care", Reason.SMS_REFUSED),
        (Standing(True, YES, LISTED), "advertising", Reason.SMS_SUPPRESSED),
    ],
)
def test_why_a_lead_gets_no_text(standing: Standing, class_: str, reason: Reason | None) -> None:
    """Advertising needs a yes; a no is stronger than a yes."""
    found = sms_refusal(standing, class_)
    assert (found[0] if found else None) == reason
