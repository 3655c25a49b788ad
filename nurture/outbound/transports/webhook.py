"""Hands a webhook over: a POST of its document, signed by Standard Webhooks (standardwebhooks.com).

The id is the same at every try, so that a receiver can tell that it has it; time and signature are those of the try.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor

from standardwebhooks import Webhook

from nurture.outbound.conversation import Line, post
from nurture.outbound.model import Answer, Call, Stage
from nurture.outbound.secrets import Secrets
from nurture.outbound.target import TargetError, read_target


@dataclass(frozen=True, slots=True)
class WebhookTransport:
    """Over this line, with these secrets. A receiver that knows the id takes a call twice as one."""

    line: Line
    secrets: Secrets
    repeats: bool = True

    def hand_over(self, call: Call, at: datetime) -> Answer:
        """Sign and send."""
        try:
            target = read_target(call.target)
        except TargetError as error:
            return Answer(Stage.BLOCKED, text=error.message)
        return post(self.line, target, self._headers(call, at), call.body.encode())

    def _headers(self, call: Call, at: datetime) -> dict[str, str]:
        signed_at = at.astimezone(UTC)  # the library takes the wall's digits as UTC
        signatures = [Webhook(one).sign(call.webhook_id, signed_at, call.body) for one in self.secrets.of(call.name)]
        return {
            "Content-Type": "application/json; charset=utf-8",
            "webhook-id": call.webhook_id,
            "webhook-timestamp": str(floor(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
