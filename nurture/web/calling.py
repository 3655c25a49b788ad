"""Webhooks and text messages as people read them: words, looks, counts. Needs a request."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from nurture.kernel.i18n import N_
from nurture.outbound import store
from nurture.outbound.model import AGAIN, CallKind, CallState
from nurture.web.language import say
from nurture.web.session import person

KINDS: Mapping[CallKind, str] = {CallKind.WEBHOOK: N_("Webhook"), CallKind.SMS: N_("Text message")}
STATES: Mapping[CallState, tuple[str, str, str]] = {  # label, look of its chip, icon
    CallState.QUEUED: (N_("queued"), "", "clock"),
    CallState.SENDING: (N_("sending"), "", "send"),
    CallState.SENT: (N_("sent"), "good", "check-circle"),
    CallState.FAILED: (N_("failed"), "bad", "exclamation-triangle"),
    CallState.CANCELED: (N_("canceled"), "", "slash-circle"),
    CallState.SKIPPED: (N_("not sent"), "watch", "slash-circle"),
    CallState.UNKNOWN: (N_("unknown"), "watch", "question-circle"),
}


def states() -> dict[str, dict[str, str]]:
    """Every state with its word and look."""
    return {str(key): {"label": say(label), "look": look, "icon": icon} for key, (label, look, icon) in STATES.items()}


def kinds() -> dict[str, str]:
    """Every kind with its word."""
    return {str(key): say(label) for key, label in KINDS.items()}


def account(conn: Connection, campaign: str) -> list[dict[str, Any]]:
    """How many of a campaign's calls that this person sees stand where, in the order of kinds and states."""
    counts = store.account(conn, campaign, seen_by=person())
    return [
        {
            "kind": kind.value,
            "state": state.value,
            "count": counts[kind, state],
            "label": f"{say(KINDS[kind])}: {say(STATES[state][0])}",
        }
        for kind in CallKind
        for state in CallState
        if counts.get((kind, state))
    ]


def line(one: store.Shown) -> dict[str, Any]:
    """A call as it is shown: of a webhook its name, of a text message its words."""
    return {
        "call": one,
        "what": one.name if one.kind is CallKind.WEBHOOK else one.body,
        "waits": one.state is CallState.QUEUED,
        "again": one.state in AGAIN and person().may_define,
    }
