"""The secrets that webhooks are signed with (reads and writes a file of the data folder).

Those set in NURTURE_WEBHOOK_SECRETS, for all webhooks or for those of a name; else one made once and kept in the data
folder, mode 600. Several for one webhook sign side by side, so that a receiver can change over.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nurture.kernel.errors import OutsideError
from nurture.kernel.i18n import N_
from nurture.kernel.settings import Settings
from nurture.kernel.signing import write_private

_FILE = "webhook.key"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets by the name of the webhook; an empty name is for all."""

    named: tuple[tuple[str, str], ...]
    house: str  # for webhooks that nothing else is set for

    def of(self, name: str) -> Sequence[str]:
        """Every secret that a webhook of this name is signed with."""
        own = [secret for one, secret in self.named if one == name]
        return own or [secret for one, secret in self.named if not one] or [self.house]


def load_secrets(settings: Settings) -> Secrets:
    """The secrets of this installation. OutsideError when the file of the data folder cannot be used."""
    named = settings.webhook_secrets
    return Secrets(named, "" if any(not name for name, _ in named) else _house(settings.data_dir / _FILE))


def _house(path: Path) -> str:
    try:
        if not path.exists():
            write_private(path, "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii"))
        found = path.read_text("ascii").strip()
        base64.b64decode(found.removeprefix("whsec_"), validate=True)
    except (OSError, ValueError) as error:
        raise OutsideError(
            N_("The key of webhooks %(path)s cannot be used: %(error)s"), path=path, error=error
        ) from error
    return found
