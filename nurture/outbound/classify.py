"""What a conversation means for the call: taken, again later, refused for good, or not known. Pure.

A webhook is tried again unless the receiver says that this document will never be taken. A text message is tried again
only when it is certain that nothing was handed over, or when the gateway takes the same message twice as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.kernel.reasons import Reason
from nurture.outbound.model import Answer, CallKind, CallState, Stage

# What no repeating mends: redirects (never followed), and words that mean this very document.
_FOR_GOOD = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422, 431, 501})
# A gateway that says so has not taken the message.
_NOT_TAKEN = frozenset({408, 425, 429, 503})
_QUOTED = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the call. QUEUED is another try."""

    state: CallState
    reason: Reason | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    host_down: bool = False  # it is the host, not this call


def classify(kind: CallKind, answer: Answer, *, repeats: bool) -> Verdict:
    """The verdict; `repeats` says that the same call twice is the same as once."""
    said = {"answer": f"{answer.status or ''} {answer.text[:_QUOTED]}".strip()}
    match answer.stage:
        case Stage.BLOCKED:
            return Verdict(CallState.FAILED, Reason.NOT_PUBLIC, {"error": answer.text})
        case Stage.CONNECT:
            return Verdict(CallState.QUEUED, Reason.NO_ANSWER, said, host_down=True)
        case Stage.SENT if repeats:
            return Verdict(CallState.QUEUED, Reason.NO_ANSWER, said, host_down=True)
        case Stage.SENT:
            return Verdict(CallState.UNKNOWN, Reason.GATEWAY_UNSURE)
        case Stage.ANSWERED:
            return _answered(kind, answer, said, repeats=repeats)


def _answered(kind: CallKind, answer: Answer, said: Mapping[str, Any], *, repeats: bool) -> Verdict:
    if 200 <= answer.status < 300 and not answer.refused:
        return Verdict(CallState.SENT)
    if kind is CallKind.SMS:
        if answer.status in _NOT_TAKEN or (repeats and answer.status >= 500):
            return Verdict(CallState.QUEUED, Reason.CALL_REFUSED, said)
        if answer.status >= 500:
            return Verdict(CallState.UNKNOWN, Reason.GATEWAY_UNSURE)
        return Verdict(CallState.FAILED, Reason.CALL_REFUSED, said)
    if answer.status < 400 or answer.status in _FOR_GOOD:
        return Verdict(CallState.FAILED, Reason.CALL_REFUSED, said)
    return Verdict(CallState.QUEUED, Reason.CALL_REFUSED, said)
