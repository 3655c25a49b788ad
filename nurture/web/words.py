"""Words and formats in the reader's language: reasons, states, names, instants. Needs a request."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from nurture.consents.model import Method
from nurture.delivery.bounce_words import label
from nurture.enrollments.model import EnrollmentState
from nurture.kernel import reasons as sentences
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import SENTENCES, Reason
from nurture.kernel.text import in_language
from nurture.leads.model import Lifecycle, Temperature
from nurture.messages.model import MessageState
from nurture.messages.values import shown_phone
from nurture.opportunities.model import OpportunityState
from nurture.web import formats
from nurture.web.language import language, say
from nurture.web.page import email_titles, now, real, zone

TEMPERATURES: Mapping[str, str] = {
    Temperature.COLD: N_("cold"),
    Temperature.WARM: N_("warm"),
    Temperature.HOT: N_("hot"),
}
LIFECYCLES: Mapping[str, str] = {
    Lifecycle.SUBSCRIBER: N_("subscriber"),
    Lifecycle.LEAD: N_("lead"),
    Lifecycle.MQL: N_("MQL"),
    Lifecycle.SQL: N_("SQL"),
    Lifecycle.OPPORTUNITY: N_("opportunity"),
    Lifecycle.CUSTOMER: N_("customer"),
}
METHODS: Mapping[str, str] = {
    Method.IMPORT: N_("a column of a file"),
    Method.STATEMENT: N_("a statement for a whole file"),
    Method.FORM: N_("a form"),
    Method.PAGE: N_("a page of ours"),
    Method.PERSON: N_("told to us"),
    Method.PAPER: N_("on paper"),
    Method.PHONE: N_("on the phone"),
    Method.REPLY: N_("in a mail of theirs"),
    Method.PROVIDER: N_("through their mail provider"),
}
OPPORTUNITY_STATES: Mapping[str, str] = {
    OpportunityState.OPEN: N_("open"),
    OpportunityState.WON: N_("won"),
    OpportunityState.LOST: N_("lost"),
    OpportunityState.RETURNED: N_("returned to marketing"),
    OpportunityState.WITHDRAWN: N_("withdrawn"),
}
OPPORTUNITY_FIELDS: Mapping[str, str] = {
    "stage": N_("Stage"),
    "owner": N_("Owner"),
    "state": N_("State"),
    "value": N_("Value"),
    "next_step": N_("Next step"),
    "accepted": N_("Accepted"),
}
MESSAGE_STATES: Mapping[str, str] = {
    MessageState.QUEUED: N_("queued"),
    MessageState.SENDING: N_("sending"),
    MessageState.SENT: N_("sent"),
    MessageState.DEFERRED: N_("deferred"),
    MessageState.BOUNCED: N_("bounced"),
    MessageState.REJECTED: N_("rejected"),
    MessageState.SKIPPED: N_("not sent"),
    MessageState.CANCELED: N_("canceled"),
    MessageState.UNKNOWN: N_("unknown"),
}
ENROLLMENT_STATES: Mapping[str, str] = {
    EnrollmentState.ACTIVE: N_("under way"),
    EnrollmentState.COMPLETED: N_("completed"),
    EnrollmentState.EXITED: N_("left"),
    EnrollmentState.FAILED: N_("failed"),
}


@dataclass(frozen=True, slots=True)
class Day:
    """Rows of one day where the reader is."""

    day: date
    rows: tuple[Any, ...]


# Every place of every reason's sentence, so that a missing param shows as a dash and never as an error.
_GAPS = {name: "–" for sentence in SENTENCES.values() for name in re.findall(r"%\((\w+)\)s", sentence)}


def word(words: Mapping[str, str], key: str) -> str:
    """The reader's word for a key; the key itself when there is none."""
    return say(words[key]) if key in words else key


def temperature(key: str) -> str:
    """A temperature's word."""
    return word(TEMPERATURES, key)


def lifecycle(key: str) -> str:
    """A lifecycle stage's word."""
    return word(LIFECYCLES, key)


def by_day(rows: Iterable[Any]) -> list[Day]:
    """Rows with an `at` in groups of one day each, in the order given."""
    return [Day(day, tuple(one)) for day, one in groupby(rows, key=lambda row: local_day(row.at))]


def named(names: Any) -> str:
    """A name that is kept in several languages: the reader's, else any."""
    if not isinstance(names, Mapping):
        return str(names or "")
    return in_language(names, language())


def reason(code: str, params: Mapping[str, Any] | None = None) -> str:
    """The sentence of a reason code; instants and numbers among its params are written out, an email by its title."""
    if code not in set(Reason):
        return code
    known = {key: _shown(value) for key, value in (params or {}).items()}
    if "email" in known:
        known["email"] = email_titles().get(known["email"], known["email"])
    sentence = say(sentences.sentence(Reason(code), known), **(_GAPS | known))
    why = (params or {}).get("why")
    if code == Reason.EXIT_STEP and why:
        return f"{sentence}: {named(why)}"
    refused = str((params or {}).get("reason") or "")
    return f"{sentence} ({say(label(refused))})" if code in _REFUSALS and refused else sentence


_REFUSALS = frozenset({Reason.HARD_BOUNCE, Reason.SOFT_BOUNCE, Reason.REFUSED_BY_SERVER})


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return named(value)
    if isinstance(value, datetime):
        return formats.stamp(value, language(), zone())
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", value):
        try:
            return formats.stamp(datetime.fromisoformat(value), language(), zone())
        except ValueError:
            return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return formats.number(value, language())
    return str(value)


def local_day(value: datetime | date) -> date:
    """The day of an instant where the reader is."""
    return value.astimezone(zone()).date() if isinstance(value, datetime) else value


def filters() -> dict[str, Any]:
    """Filters of the templates."""
    return {
        "number": lambda value: formats.number(value, language()),
        "plain_number": lambda value: formats.plain_number(value, language()),
        "money": lambda minor, currency="VND": formats.money(minor, currency, language()),
        "money_short": lambda minor, currency="VND": formats.money_short(minor, currency, language()),
        "phone": shown_phone,
        "stamp": lambda instant: formats.stamp(instant, language(), zone()),
        "day": lambda value: formats.day(local_day(value), language()),
        "day_long": lambda value: formats.day_long(local_day(value), language()),
        "day_heading": lambda value: formats.day_heading(local_day(value), language(), local_day(now())),
        "relative": relative,
        "email_title": lambda key: email_titles().get(key, key),
        "reason": reason,
        "named": named,
        "temperature": temperature,
        "lifecycle": lifecycle,
        "consent_method": lambda key: word(METHODS, key),
        "opportunity_state": lambda key: word(OPPORTUNITY_STATES, key),
        "message_state": lambda key: word(MESSAGE_STATES, key),
        "enrollment_state": lambda key: word(ENROLLMENT_STATES, key),
        "by_day": by_day,
        "digits": lambda stored: re.sub(r"\D", "", shown_phone(stored)),
        "zip_with": lambda values, others: list(zip(values, others, strict=True)),
    }


def relative(instant: datetime, wall: bool = False) -> str:  # noqa: FBT001, FBT002 - a template's switch
    """`2 hours ago`, by engine time or by the wall's."""
    return formats.relative(instant, real() if wall else now(), language(), zone())
