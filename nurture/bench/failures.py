"""What a measurement raises when the work it measured was not done."""

from nurture.kernel.errors import NurtureError
from nurture.kernel.i18n import N_


class WrongWorkError(NurtureError):
    """The account of a measurement does not add up: its figure would be worth nothing."""


def certain(what: str, found: object, wanted: object) -> None:
    """WrongWorkError unless what was found is what was wanted: `certain("sent", sent, 100_000)`."""
    if found != wanted:
        raise WrongWorkError(
            N_("What was measured did not do its work: %(what)s is %(found)s instead of %(wanted)s"),
            what=what,
            found=found,
            wanted=wanted,
        )
