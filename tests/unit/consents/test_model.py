"""How a lead stands: which refusal is named."""

from datetime import UTC, datetime, timedelta

import pytest

from nurture.consents.model import Purpose, Scope, Standing, Suppressed, SuppressionReason
from nurture.kernel.reasons import Reason

AT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
YES = {Purpose.ADVERTISING: (True, AT)}
NO = {Purpose.ADVERTISING: (False, AT)}


def _no(reason: SuppressionReason, scope: Scope = Scope.ALL, days: int = 0) -> Suppressed:
    return Suppressed(1, reason, scope, "test", AT + timedelta(days=days))


@pytest.mark.parametrize(
    ("standing", "advertising", "care"),
    [
        (Standing(True, YES), None, None),
        (Standing(True, {}), Reason.NO_CONSENT, None),
        (Standing(True, NO), Reason.UNSUBSCRIBED, None),
        (Standing(False, YES), Reason.NO_ADDRESS, Reason.NO_ADDRESS),
        (Standing(True, YES, (_no(SuppressionReason.UNSUBSCRIBED),)), Reason.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
        (Standing(True, YES, (_no(SuppressionReason.UNSUBSCRIBED, Scope.ADVERTISING),)), Reason.UNSUBSCRIBED, None),
        (Standing(True, YES, (_no(SuppressionReason.BY_HAND),)), Reason.SUPPRESSED, Reason.SUPPRESSED),
        (
            Standing(True, YES, (_no(SuppressionReason.BOUNCED), _no(SuppressionReason.COMPLAINED, days=1))),
            Reason.COMPLAINED,
            Reason.COMPLAINED,
        ),
    ],
    ids=["yes", "silence", "withdrawn", "no address", "unsubscribed", "no advertising", "by hand", "complaint first"],
)
def test_a_no_is_stronger_than_a_yes(standing: Standing, advertising: Reason | None, care: Reason | None) -> None:
    """Suppression wins; only advertising needs consent."""
    found = [standing.refusal(one) for one in ("advertising", "care")]
    assert [one[0] if one else None for one in found] == [advertising, care]


def test_a_refusal_says_since_when() -> None:
    """The sentence has its date."""
    refusal = Standing(True, {}, (_no(SuppressionReason.BOUNCED),)).refusal("care")
    assert refusal == (Reason.BOUNCED, {"date": "2026-11-02T02:00:00+00:00"})


def test_tracking_is_a_purpose_of_its_own() -> None:
    """Agreeing to advertising is not agreeing to be watched."""
    assert not Standing(True, YES).tracking
    assert Standing(True, {Purpose.TRACKING: (True, AT)}).tracking
