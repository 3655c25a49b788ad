"""The words to which a person agrees: what is sent, how, in which form, how often (Decree 91/2020, Article 13). Pure.

The version of the words stands beside each yes, so that it can be shown later what somebody saw.
"""

import hashlib
from dataclasses import dataclass

from nurture.consents.model import Purpose
from nurture.kernel.i18n import N_, translate

_TEXTS = {
    Purpose.ADVERTISING: N_(
        "I agree to receive advertising from %(house)s about its products, services and offers, by email to this "
        "address, at most %(count)s emails in 24 hours. I can refuse at any time by the link at the end of each email."
    ),
    Purpose.TRACKING: N_(
        "I agree that %(house)s keeps when I open its emails and which links I follow, to send me what suits me. I can "
        "take this back at any time."
    ),
}
USUAL = 3  # advertising emails in 24 hours


@dataclass(frozen=True, slots=True)
class Wording:
    """Words that are shown, and their version: 12 hex digits that change with any letter."""

    purpose: Purpose
    text: str

    @property
    def version(self) -> str:
        """Names these very words."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


def wording(purpose: Purpose, house: str, language: str, per_day: int = USUAL) -> Wording:
    """What somebody agrees to, in their language."""
    return Wording(purpose, translate(language, _TEXTS[purpose], house=house, count=per_day))
