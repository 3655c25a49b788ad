"""What follows from one return, once it is known whom it is about. Pure.

Nobody outside can take a lead's mail away by naming an address: what is not signed, not quoted and not told by a
provider changes nothing, or is put before a person.
"""

from dataclasses import dataclass

from nurture.delivery.bounce import HARD, BounceReason
from nurture.inbound.escalation import COUNTING, OURS
from nurture.inbound.matching import Found, Proof
from nurture.inbound.model import Handling, Outcome, Return, What
from nurture.inbound.refusal_words import Refusal
from nurture.messages import links

UNREADABLE = "unreadable:"  # how the key of a mail begins that broke what read it
MAIL = "mail"  # the source that anybody can write to; a webhook's signature was checked before


@dataclass(frozen=True, slots=True)
class Case:
    """One return on its way: what was told, whom it is about, what follows."""

    id: int
    told: Return
    found: Found
    outcome: Outcome
    handling: Handling = Handling.NONE
    refusal: Refusal | None = None
    reply: bool = False  # kept as a human reply
    refuses: bool = False  # honored as a refusal at once
    token: links.Refusal | None = None  # of an unsubscribe mail: signed by us

    @property
    def reason(self) -> BounceReason:
        """Why it bounced."""
        return self.told.reason or BounceReason.UNKNOWN

    @property
    def is_hard(self) -> bool:
        """Whether the address is gone."""
        return self.told.what is What.BOUNCED and self.reason in HARD


def decide(
    number: int, one: Return, found: Found, refusal: Refusal | None = None, token: links.Refusal | None = None,
    *, signs: bool = False,
) -> Case:  # fmt: skip
    """What follows; `refusal` is what the words of a reply say, `token` the one in the subject of an unsubscribe.

    `signs`: our mail has a signed return path, to which every bounce of it comes.
    """
    if token is not None:
        return Case(number, one, found, Outcome.DONE, refusal=refusal, refuses=True, token=token)
    known = found.message is not None or found.lead_id is not None
    match one.what:
        case What.REPLIED:
            return _reply(number, one, found, refusal)
        case What.UNSUBSCRIBED:
            return _unsubscribed(number, one, found, refusal)
        case What.BOUNCED:
            return _returned(number, one, found, signs=signs) if known else Case(number, one, found, Outcome.NOBODY)
        case What.COMPLAINED:
            return _complained(number, one, found)
        case What.DELIVERED:
            done = found.message is not None and _believed(one, found)
            return Case(number, one, found, Outcome.DONE if done else Outcome.NOBODY)
        case What.OTHER if one.key.startswith(UNREADABLE):
            return Case(number, one, found, Outcome.FAILED, Handling.WAITING)
        case What.OTHER if one.source == MAIL:
            return Case(number, one, found, Outcome.KNOWN if known else Outcome.NOBODY, Handling.WAITING)
        case _:  # delays, vacations, challenges: kept, and answered by nobody
            return Case(number, one, found, Outcome.KNOWN if known else Outcome.NOBODY)


def _believed(one: Return, found: Found) -> bool:
    """Whether it may act on what it names: signed, quoted by who has the mail, or told by a provider."""
    return found.proof >= Proof.QUOTED or (one.source != MAIL and found.proof >= Proof.ADDRESS)


def _returned(number: int, one: Return, found: Found, *, signs: bool) -> Case:
    """A bounce. One that only names an address, in a mail that anybody can write, is believed where it could not do
    more: not where bounces of ours are signed."""
    if found.proof is Proof.ADDRESS and not found.lately:
        return Case(number, one, found, Outcome.UNPROVEN)
    if found.proof is Proof.ADDRESS and one.source == MAIL and signs:
        return Case(number, one, found, Outcome.UNPROVEN, Handling.WAITING)
    reason = one.reason or BounceReason.UNKNOWN
    if reason in COUNTING:
        return Case(number, one, found, Outcome.COUNTED)
    return Case(number, one, found, Outcome.OURS if reason in OURS else Outcome.DONE)


def _complained(number: int, one: Return, found: Found) -> Case:
    if found.message is None and found.lead_id is None:
        waits = Handling.WAITING if one.source == MAIL else Handling.NONE
        return Case(number, one, found, Outcome.NOBODY, waits)
    if not _believed(one, found):
        return Case(number, one, found, Outcome.UNPROVEN, Handling.WAITING)
    return Case(number, one, found, Outcome.DONE)


def _unsubscribed(number: int, one: Return, found: Found, refusal: Refusal | None) -> Case:
    """Honored where signed, or told by a provider; one that only names an address is read as a reply that says no."""
    signed = found.proof is Proof.SIGNED or (found.proof is Proof.QUOTED and found.fits)
    if signed or (one.source != MAIL and found.proof is Proof.ADDRESS):
        return Case(number, one, found, Outcome.DONE, refuses=True)
    if found.lead_id is None:
        return Case(number, one, found, Outcome.NOBODY, Handling.WAITING)
    return _reply(number, one, found, refusal or Refusal(one.subject or one.what.value))


def _reply(number: int, one: Return, found: Found, refusal: Refusal | None) -> Case:
    """A person wrote. One word alone is honored where whoever wrote has the address that we wrote to."""
    if found.ours:
        return Case(number, one, found, Outcome.KNOWN)
    if found.lead_id is None:
        return Case(number, one, found, Outcome.NOBODY, Handling.WAITING, refusal)
    honored = refusal is not None and refusal.is_all and found.fits and found.proof >= Proof.QUOTED
    return Case(
        number, one, found, Outcome.DONE, Handling.WAITING, refusal, reply=True, refuses=honored
    )  # fmt: skip
