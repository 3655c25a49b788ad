"""A yes to email that a member of staff keeps, on a lead's page or while adding a lead. Needs a request."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from flask import request
from sqlalchemy.engine import Connection

from nurture.consents import service
from nurture.consents.model import Method, Purpose
from nurture.consents.service import LONGEST_PROOF, Said
from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_
from nurture.leads import desk
from nurture.leads.model import Lead
from nurture.web.language import say
from nurture.web.page import Form, context, hand, now, whole, zone
from nurture.web.words import local_day

PURPOSES: Mapping[str, str] = {
    Purpose.ADVERTISING: N_("Advertising by email"),
    Purpose.TRACKING: N_("Keeping opens and clicks by name"),
}
MOST_A_DAY = 50  # messages that a consent may allow in 24 hours
WAYS: Mapping[str, str] = {
    Method.FORM: N_("On a form"),
    Method.PAPER: N_("On paper"),
    Method.PHONE: N_("On the phone"),
    Method.PERSON: N_("In person"),
}


def words() -> dict[str, object]:
    """What the fields of the form need."""
    return {
        "consent_purposes": [(key, say(text)) for key, text in PURPOSES.items()],
        "consent_ways": [(key, say(text)) for key, text in WAYS.items()],
        "today": local_day(now()).isoformat(),
    }


def is_told() -> bool:
    """Whether the form that was sent tells of a consent at all."""
    return bool(request.form.getlist("purposes") or request.form.get("proof", "").strip())


def sent(error: InputError, name: str = "") -> Form:
    """The form as it was sent, with each purpose that was ticked."""
    return Form({**request.form.to_dict(), "purposes": request.form.getlist("purposes")}, error.problems, name)


def keep(conn: Connection, lead: Lead) -> bool:
    """Keep the consent that the form tells of, with its line in the audit; True when it says anything new."""
    purposes = [one for one in Purpose if one.value in request.form.getlist("purposes")]
    way, proof = request.form.get("method", ""), request.form.get("proof", "").strip()
    day = _day(request.form.get("given_on", ""))
    problems = [*_problems(lead, purposes, way, proof, day), *_strange_figure()]
    if problems or day is None:
        raise InputError(problems)
    by = hand()
    actor = by.person.actor
    figure = whole(request.form.get("per_day")) or None
    said = Said(Method(way), actor, actor, actor, _instant(day), by.real, proof[:LONGEST_PROOF], per_day=figure)
    new = service.write_down(conn, context().keys, lead.id, lead.email, said, purposes)
    if new:
        detail = {"purposes": [one.value for one in purposes], "method": way, "given_on": day.isoformat()}
        desk.audit(conn, by, lead, "lead.consent", detail)
    return new


def _problems(lead: Lead, purposes: list[Purpose], way: str, proof: str, day: date | None) -> list[Problem]:
    found = []
    if not lead.email:
        found.append(Problem("no_address", N_("The lead has no email address")))
    if not purposes:
        found.append(Problem("no_purpose", N_("Choose what the lead agreed to"), path="purposes"))
    if way not in WAYS:
        found.append(Problem("no_way", N_("Choose how the lead agreed"), path="method"))
    if not proof:
        text = N_("Consent needs its proof: how, when, and to which text it was given")
        found.append(Problem("no_proof", text, path="proof"))
    if day is None or day > local_day(now()):
        found.append(Problem("no_day", N_("Say on which day the lead agreed: today or earlier"), path="given_on"))
    return found


def _strange_figure() -> list[Problem]:
    """The figure, where one was agreed on, is a number of messages a day."""
    text = request.form.get("per_day", "").strip()
    if not text or (whole(text) or 0) in range(1, MOST_A_DAY + 1):
        return []
    return [Problem("bad_figure", N_("A whole number from 1 to 50 belongs here"), path="per_day")]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= 1970 else None


def _instant(day: date) -> datetime:
    """Now, or the beginning of an earlier day, so that a no of that day counts as later."""
    return now() if day == local_day(now()) else datetime.combine(day, time(), tzinfo=zone()).astimezone(UTC)
