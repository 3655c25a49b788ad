"""What a law asks of advertising, as values; each profile of `laws/` fills them in with its sources. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nurture.policy.caps import Cap
from nurture.policy.windows import Window

DAY = timedelta(hours=24)
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Law:
    """One profile. What it does not ask for is None, empty or False.

    A lead without proof of consent gets no advertising, and one who did not agree to tracking is not tracked, under
    every profile: `needs_consent` and `tracking_consent` say whether the law asks for it, too.
    """

    key: str
    label: str = ""  # of advertising
    label_first: bool = False  # the label is the first thing in the subject, and in a text message
    ad_cap: Cap | None = None  # advertising emails to one address
    sms_hours: Window | None = None  # by the lead's clock
    sms_cap: Cap | None = None
    call_hours: Window | None = None
    call_cap: Cap | None = None
    needs_consent: bool = False
    needs_address: bool = False  # the sender's postal address stands in the mail
    needs_identity: bool = False  # and their name and a way to reach them
    needs_way_out: bool = False
    opt_out_last: bool = False  # the way out is the last thing in the mail, and offers refusing everything
    tracking_consent: bool = False  # opens and clicks by name need a consent of their own
    confirms_refusal: bool = False  # a refusal is confirmed, once and without advertising
    do_not_call: bool = False  # there is a public list of numbers that must not be advertised to
    answer_within: timedelta | None = None  # to what a person asks about their data
    withdrawn_within: timedelta | None = None  # a consent taken back takes effect
    erased_within: timedelta | None = None
    exported_within: timedelta | None = None
    sources: Mapping[str, str] = field(default_factory=dict)  # where each of the values stands
    notes: Sequence[str] = ()  # what could not be read, and where sources differ


@dataclass(frozen=True, slots=True)
class Bounds:
    """What stands beside campaign and house at one instant: the law's hours and cap, and what the lead asked for.

    `gone` are the instants of what the cap counts; `agreed` says that its figure is one the lead agreed to.
    """

    cap: Cap | None = None
    gone: Sequence[datetime] = ()
    window: Window | None = None
    pause: datetime | None = None  # the lead wants nothing until then
    law: str = ""
    agreed: bool = False


UNBOUND = Bounds()


def agreed_cap(legal: Cap | None, figure: int | None) -> Cap | None:
    """The cap within 24 hours: the figure a lead agreed to, else the law's."""
    return legal if figure is None else Cap(figure, legal.span if legal else DAY)
