"""What an answer means: a webhook is tried again unless that is pointless, a text message only when it is safe."""

import pytest

from nurture.kernel.reasons import Reason
from nurture.outbound.classify import classify
from nurture.outbound.model import Answer, CallKind, CallState, Stage

HOOK, SMS = CallKind.WEBHOOK, CallKind.SMS
QUEUED, SENT, FAILED, UNKNOWN = CallState.QUEUED, CallState.SENT, CallState.FAILED, CallState.UNKNOWN


@pytest.mark.parametrize(
    ("kind", "answer", "repeats", "state", "reason"),
    [
        (HOOK, Answer(Stage.ANSWERED, 204), True, SENT, None),
        (HOOK, Answer(Stage.ANSWERED, 302), True, FAILED, Reason.CALL_REFUSED),
        (HOOK, Answer(Stage.ANSWERED, 400), True, FAILED, Reason.CALL_REFUSED),
        (HOOK, Answer(Stage.ANSWERED, 410), True, FAILED, Reason.CALL_REFUSED),
        (HOOK, Answer(Stage.ANSWERED, 401), True, QUEUED, Reason.CALL_REFUSED),
        (HOOK, Answer(Stage.ANSWERED, 404), True, QUEUED, Reason.CALL_REFUSED),
        (HOOK, Answer(Stage.ANSWERED, 429), True, QUEUED, Reason.CALL_REFUSED),
        (HOOK, Answer(Stage.ANSWERED, 503), True, QUEUED, Reason.CALL_REFUSED),
        (HOOK, Answer(Stage.CONNECT), True, QUEUED, Reason.NO_ANSWER),
        (HOOK, Answer(Stage.SENT), True, QUEUED, Reason.NO_ANSWER),
        (HOOK, Answer(Stage.BLOCKED), True, FAILED, Reason.NOT_PUBLIC),
        (SMS, Answer(Stage.ANSWERED, 200), False, SENT, None),
        (SMS, Answer(Stage.ANSWERED, 200, refused=True), False, FAILED, Reason.CALL_REFUSED),
        (SMS, Answer(Stage.ANSWERED, 401), False, FAILED, Reason.CALL_REFUSED),
        (SMS, Answer(Stage.ANSWERED, 429), False, QUEUED, Reason.CALL_REFUSED),
        (SMS, Answer(Stage.ANSWERED, 500), False, UNKNOWN, Reason.GATEWAY_UNSURE),
        (SMS, Answer(Stage.ANSWERED, 500), True, QUEUED, Reason.CALL_REFUSED),
        (SMS, Answer(Stage.CONNECT), False, QUEUED, Reason.NO_ANSWER),
        (SMS, Answer(Stage.SENT), False, UNKNOWN, Reason.GATEWAY_UNSURE),
        (SMS, Answer(Stage.SENT), True, QUEUED, Reason.NO_ANSWER),
    ],
)
def test_what_becomes_of_a_call(
    kind: CallKind, answer: Answer, state: CallState, reason: Reason | None, *, repeats: bool
) -> None:
    """QUEUED is another try; UNKNOWN waits for a person."""
    found = classify(kind, answer, repeats=repeats)
    assert (found.state, found.reason) == (state, reason)
