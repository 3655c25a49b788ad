"""Complaints: feedback reports (RFC 5965, RFC 6430, RFC 6591) and the forms of providers that write none. Pure."""

import re
from dataclasses import dataclass

from nurture.inbound.dsn import MOST_RECIPIENTS, address_of
from nurture.inbound.model import What
from nurture.inbound.parts import Headers, Mail, split

# RFC 5965 section 7.3, RFC 6430 and RFC 6591; a type not named here is a complaint, as section 3.2 has it.
TYPES = {
    "abuse": What.COMPLAINED,
    "complaint": What.COMPLAINED,
    "fraud": What.COMPLAINED,
    "virus": What.COMPLAINED,
    "miscategorized": What.COMPLAINED,
    "opt-out": What.UNSUBSCRIBED,
    "opt-out-list": What.UNSUBSCRIBED,
    "not-spam": What.OTHER,
    "auth-failure": What.OTHER,
    "dmarc": What.OTHER,
}
# Where the recipient stands: in the report, then in the mail that was complained of.
_REPORTED = ("original-rcpt-to", "original-recipient", "removal-recipient", "x-hmxmroriginalrecipient")
_ORIGINAL = ("x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "to", "x-rcpt-to", "apparently-to")
# Who complains without a report: a pattern of From and one of Subject.
FORMS = (
    ("Outlook.com's JMRP", r"(?:staff|no-?reply)@(?:hotmail|live|outlook|msn)\.com", r"complaint about message from"),
    ("Yahoo's old feedback", r"feedback@arf\.mail\.yahoo\.com", r""),
    ("AOL's old feedback (scomp)", r"scomp@aol\.net", r""),
    ("SpamCop", r"@(?:bounces\.|reports\.)?spamcop\.net", r"\[spamcop"),
    ("Comcast, RoadRunner and others of ReturnPath", r"feedbackloop@|feedback(?:loop)?@.*fbl", r""),
    (
        "Mail.ru, OpenSRS, USA.net by their subject",
        r"",
        r"^(?:email |abuse )?(?:feedback|abuse|complaint|spam) report(?: for)?\b",
    ),
)
_FORMS = tuple((re.compile(sender, re.IGNORECASE), re.compile(subject, re.IGNORECASE)) for _, sender, subject in FORMS)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a feedback report says."""

    what: What
    kind: str  # the provider's word
    addresses: tuple[str, ...]  # one or more, `Original-Rcpt-To` may stand there for each; one empty if none is told
    at: str


def complaint(mail: Mail, original: Headers) -> Complaint | None:
    """The complaint in this mail, None when it is none."""
    fields = next((_fields(part.text) for part in mail.parts if part.media == "message/feedback-report"), None)
    if fields is None and not _is_form(mail):
        return None
    fields = fields or _fields_in_text(mail)
    kind = fields.get("feedback-type").lower().split(" ")[0] or "abuse"
    told = [address_of(value) for name in _REPORTED for value in fields.all(name)]
    quoted = [address_of(original.raw(name)) for name in _ORIGINAL]
    addresses = tuple(dict.fromkeys(filter(None, told))) or next(((one,) for one in quoted if one), ("",))
    at = fields.raw("received-date") or fields.raw("arrival-date")
    return Complaint(TYPES.get(kind, What.COMPLAINED), kind, addresses[:MOST_RECIPIENTS], at)


def _fields(text: str) -> Headers:
    return split(text.lstrip().encode("utf-8", "replace"))[0]


def _fields_in_text(mail: Mail) -> Headers:
    """A report that was sent as plain text."""
    for part in mail.texts:
        if found := re.search(r"^feedback-type:", part.text, re.IGNORECASE | re.MULTILINE):
            return _fields(part.text[found.start() :])
    return Headers()


def _is_form(mail: Mail) -> bool:
    if mail.parameters.get("report-type", "").lower() == "feedback-report" or _fields_in_text(mail).fields:
        return True
    sender, subject = mail.headers.get("from"), mail.headers.get("subject")
    return any(by.search(sender) and about.search(subject) for by, about in _FORMS)
