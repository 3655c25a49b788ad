"""A lead's activities as people read them: icon, sentence, quote, who did it, and the points it gave. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nurture.activities.model import CallOutcome, Kind
from nurture.activities.store import Line
from nurture.alerts.reasons import shown_link
from nurture.delivery.bounce_words import label
from nurture.kernel.i18n import N_
from nurture.kernel.reasons import Reason
from nurture.kernel.text import in_language
from nurture.scoring.model import Axis
from nurture.scoring.model import Line as Score
from nurture.tasks.model import CALLS, KINDS, said_words
from nurture.users.model import user_of
from nurture.web.formats import number
from nurture.web.language import language, say
from nurture.web.words import OPPORTUNITY_FIELDS, OPPORTUNITY_STATES, lifecycle, named, reason, temperature, word

# Groups of the filter: key, label, kinds.
GROUPS: tuple[tuple[str, str, tuple[Kind, ...]], ...] = (
    ("email", N_("Email"), (
        Kind.MESSAGE_SENT, Kind.MESSAGE_BOUNCED, Kind.OPENED, Kind.CLICKED, Kind.REPLIED, Kind.COMPLAINED,
        Kind.SMS_SENT, Kind.MESSAGE_RESOLVED,
    )),
    ("sales", N_("Sales"), (
        Kind.CALLED, Kind.NOTED, Kind.MEETING, Kind.OWNER_CHANGED, Kind.OPPORTUNITY_OPENED, Kind.OPPORTUNITY_CHANGED,
        Kind.ALERTED, Kind.TASK_DONE, Kind.TASK_CANCELED,
    )),
    ("score", N_("Score"), (Kind.SCORED, Kind.TEMPERATURE_CHANGED, Kind.LIFECYCLE_CHANGED)),
    ("consent", N_("Consent"), (
        Kind.CONSENTED, Kind.UNSUBSCRIBED, Kind.RESUBSCRIBED, Kind.PREFERENCES, Kind.MAIL_PAUSED, Kind.MAIL_RESUMED,
    )),
    ("system", N_("System"), (
        Kind.CREATED, Kind.UPDATED, Kind.TAGGED, Kind.UNTAGGED, Kind.SEGMENT_JOINED, Kind.SEGMENT_LEFT, Kind.ENROLLED,
        Kind.LEFT_CAMPAIGN, Kind.WEBHOOK_ANSWERED, Kind.MERGED,
    )),
)  # fmt: skip

OUTCOMES: Mapping[CallOutcome, str] = {key: CALLS[key] for key in CallOutcome}

_LOOKS: Mapping[Kind, tuple[str, str]] = {
    Kind.CREATED: ("person-plus", ""),
    Kind.UPDATED: ("pencil", ""),
    Kind.MESSAGE_SENT: ("send", "main"),
    Kind.MESSAGE_BOUNCED: ("exclamation-triangle", "bad"),
    Kind.MESSAGE_RESOLVED: ("question-circle", "watch"),
    Kind.OPENED: ("envelope-open", ""),
    Kind.CLICKED: ("cursor", "good"),
    Kind.REPLIED: ("chat-left-text", "good"),
    Kind.UNSUBSCRIBED: ("slash-circle", "bad"),
    Kind.RESUBSCRIBED: ("check-circle", "good"),
    Kind.PREFERENCES: ("sliders", ""),
    Kind.COMPLAINED: ("exclamation-triangle", "bad"),
    Kind.CONSENTED: ("shield-check", "good"),
    Kind.CALLED: ("telephone", "main"),
    Kind.NOTED: ("chat-left-text", ""),
    Kind.TAGGED: ("tag", ""),
    Kind.UNTAGGED: ("tag", ""),
    Kind.ENROLLED: ("signpost-split", ""),
    Kind.LEFT_CAMPAIGN: ("signpost-split", ""),
    Kind.TEMPERATURE_CHANGED: ("thermometer-half", "watch"),
    Kind.LIFECYCLE_CHANGED: ("arrow-right", ""),
    Kind.OWNER_CHANGED: ("person", ""),
    Kind.OPPORTUNITY_OPENED: ("trophy", "good"),
    Kind.OPPORTUNITY_CHANGED: ("trophy", ""),
    Kind.ALERTED: ("bell", "watch"),
    Kind.TASK_DONE: ("check-circle", "main"),
    Kind.TASK_CANCELED: ("slash-circle", ""),
    Kind.MAIL_PAUSED: ("pause-circle", "watch"),
    Kind.MAIL_RESUMED: ("play-circle", "good"),
    Kind.SMS_SENT: ("send", "main"),
    Kind.WEBHOOK_ANSWERED: ("link-45deg", ""),
    Kind.SCORED: ("plus-lg", ""),
    Kind.SEGMENT_JOINED: ("people", ""),
    Kind.SEGMENT_LEFT: ("people", ""),
    Kind.MERGED: ("people", "main"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """Names that stand behind keys and numbers in a timeline."""

    people: Mapping[int, str]
    campaigns: Mapping[str, str]
    tags: Mapping[str, str]
    field_labels: Mapping[str, str]
    emails: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Points:
    """What an activity gave on one axis, and by which rule."""

    points: int
    axis: Axis
    rule: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline as it is shown."""

    id: int
    at: datetime
    icon: str
    tone: str
    text: str
    quote: str
    actor: str
    points: tuple[Points, ...]
    withdrawn: bool
    message_id: int | None
    opportunity: str | None


def people_in(lines: Iterable[Line]) -> set[int]:
    """Ids of the members of staff whose names the lines need."""
    found: set[int] = set()
    for line in lines:
        author = user_of(line.actor)
        if author is not None:
            found.add(author)
        for key in ("before", "after", "owner"):
            value = line.detail.get(key)
            if line.kind in {Kind.OWNER_CHANGED, Kind.ALERTED, Kind.OPPORTUNITY_OPENED} and isinstance(value, int):
                found.add(value)
    return found


def entries(lines: Sequence[Line], scores: Iterable[Score], names: Names, language: str) -> list[Entry]:
    """The lines as they are shown, each with the points it gave."""
    given: dict[str, list[Points]] = {}
    for score in scores:
        if score.reverses is None and score.reversed_by is None:
            rule = score.name.get(language) or score.rule
            given.setdefault(score.cause, []).append(Points(score.points, score.axis, rule))
    return [_entry(line, tuple(given.get(f"activity:{line.id}", ())), names) for line in lines]


def _entry(line: Line, points: tuple[Points, ...], names: Names) -> Entry:
    icon, tone = _LOOKS.get(line.kind, ("info-circle", ""))
    sentence = _SENTENCES.get(line.kind)
    text = sentence(line, names) if sentence else _begun(say(line.kind.value.replace("_", " ")))
    opportunity = line.detail.get("opportunity")
    return Entry(
        line.id, line.occurred_at, icon, tone, text, str(line.detail.get("note") or line.detail.get("text") or ""),
        actor(line.actor, names.people), points, line.withdrawn_at is not None, line.message_id,
        str(opportunity) if opportunity else None,
    )  # fmt: skip


def _begun(words: str) -> str:
    """Words as the beginning of a line."""
    return words[:1].upper() + words[1:]


def actor(text: str, people: Mapping[int, str]) -> str:
    """Who did it, where that was a person of ours or an import; nothing for lead and engine."""
    author = user_of(text)
    if author is not None:
        return people.get(author, "")
    return say("an import") if text.startswith("import:") else "nurture" if text == "cli" else ""


def _email(line: Line, names: Names) -> str:
    email = names.emails.get(line.email_key or "", line.email_key or "?")
    match line.kind:
        case Kind.MESSAGE_SENT:
            return say("The email “%(email)s” was sent", email=email)
        case Kind.MESSAGE_BOUNCED:
            return _bounced(line, email)
        case Kind.OPENED:
            return say("Opened the email “%(email)s”", email=email)
        case _:
            return say("Clicked %(link)s in the email “%(email)s”", link=shown_link(line.url or "") or "?", email=email)


def _bounced(line: Line, email: str) -> str:
    code = str(line.detail.get("reason") or "")
    if not code:
        return say("The email “%(email)s” bounced", email=email)
    return say("The email “%(email)s” bounced: %(why)s", email=email, why=say(label(code)))


def _created(line: Line, _: Names) -> str:
    source = line.detail.get("source")
    return say("Came in from %(source)s", source=source) if source else say("Came in")


def _updated(line: Line, names: Names) -> str:
    fields = line.detail.get("fields") or {}
    keys = [names.field_labels.get(str(key).removeprefix("fields."), str(key)) for key in fields]
    return say("Changed: %(fields)s", fields=", ".join(keys) or "?")


def _called(line: Line, _: Names) -> str:
    outcome = str(line.detail.get("outcome") or "")
    known = say(OUTCOMES[CallOutcome(outcome)]) if outcome in set(CallOutcome) else outcome
    return say("Called: %(outcome)s", outcome=known) if known else say("Called")


def _task(line: Line, _: Names) -> str:
    kind, title = str(line.detail.get("kind") or ""), line.detail.get("title") or {}
    what = in_language(title, language()) or say(KINDS.get(kind, kind))
    if line.kind is Kind.TASK_CANCELED:
        return say("The task “%(title)s” was canceled", title=what)
    said = str(line.detail.get("said") or "")
    words = {said: line.detail.get("words") or {}}
    return say("Task “%(title)s”: %(said)s", title=what, said=said_words(said, words, language()))


def _tagged(line: Line, names: Names) -> str:
    key = str(line.detail.get("tag") or "")
    label = names.tags.get(key, key)
    text = N_("Got the tag “%(tag)s”") if line.kind is Kind.TAGGED else N_("Lost the tag “%(tag)s”")
    return say(text, tag=label)


def _campaign(line: Line, names: Names) -> str:
    key = line.campaign_key or "?"
    name = names.campaigns.get(key, key)
    if line.kind is Kind.ENROLLED:
        return say("Entered the campaign “%(campaign)s”", campaign=name)
    why = line.detail.get("reason")
    shown = f": {reason(str(why), line.detail)}" if why and why != Reason.DONE else ""
    return say("Left the campaign “%(campaign)s”", campaign=name) + shown


def _temperature(line: Line, _: Names) -> str:
    before, after = (temperature(str(line.detail.get(key) or "")) for key in ("before", "after"))
    text = say("Temperature: %(before)s → %(after)s", before=before, after=after)
    note = _WHY.get(str(line.detail.get("reason") or ""))
    return f"{text} ({say(note)})" if note else text


_WHY = {
    "score": N_("by the score"),
    "decay": N_("losing value with time"),
    "by_hand": N_("set by hand"),
    "verdict_changed": N_("a click turned out to be a machine's"),
    "merged": N_("by a merge"),
}


def _lifecycle(line: Line, _: Names) -> str:
    before, after = (lifecycle(str(line.detail.get(key) or "")) for key in ("before", "after"))
    return say("Stage: %(before)s → %(after)s", before=before, after=after)


def _owner(line: Line, names: Names) -> str:
    after = line.detail.get("after")
    if not isinstance(after, int):
        return say("Nobody is in charge any more")
    return say("%(name)s is in charge now", name=names.people.get(after, "?"))


def _opportunity(line: Line, names: Names) -> str:
    if line.kind is Kind.OPPORTUNITY_OPENED:
        return say("An opportunity opened: %(name)s", name=line.detail.get("name") or "")
    after = str(line.detail.get("after") or "")
    field = str(line.detail.get("field") or "")
    match field:
        case "accepted":
            return say("The opportunity was accepted")
        case "owner" if after.isdigit():
            after = names.people.get(int(after), after)
        case "stage":
            after = names.stages.get(after, after)
        case "state":
            after = say(OPPORTUNITY_STATES.get(after, after))
        case "value" if after.isdigit():
            after = number(int(after), language())
    shown = word(OPPORTUNITY_FIELDS, field)
    return say("Opportunity: %(field)s → %(after)s", field=shown, after=after or "–")


_ALERT_ANSWERS = {
    "accepted": N_("The alert was accepted"),
    "later": N_("The alert was put off"),
    "dismissed": N_("The alert was put away: not a fit"),
    "withdrawn": N_("The alert was withdrawn: a click turned out to be a machine's"),
}


_POINTS = {"engagement": N_("%(points)s points of engagement"), "fit": N_("%(points)s points of fit")}


def _scored(line: Line, _: Names) -> str:
    points = int(line.detail.get("points") or 0)
    text = say(_POINTS.get(str(line.detail.get("axis")), _POINTS["engagement"]), points=f"{points:+d}")
    why = in_language(line.detail.get("reason") or {}, language(), "")
    return f"{text}: {why}" if why else text


def _segment(line: Line, names: Names) -> str:
    key = str(line.detail.get("segment") or "?")
    joined = line.kind is Kind.SEGMENT_JOINED
    text = N_("Joined the segment “%(segment)s”") if joined else N_("Left the segment “%(segment)s”")
    return say(text, segment=names.segments.get(key, key))


def _alerted(line: Line, names: Names) -> str:
    answered = _ALERT_ANSWERS.get(str(line.detail.get("state") or ""))
    if answered:
        return say(answered)
    owner = line.detail.get("owner")
    name = names.people.get(owner) if isinstance(owner, int) else None
    return say("%(name)s was alerted", name=name) if name else say("An alert was raised")


def _paused(line: Line, _: Names) -> str:
    if line.kind is Kind.MAIL_RESUMED:
        return say("Automatic mail may go again")
    why = line.detail.get("reason")
    return say("Automatic mail stopped") + (f": {why}" if why else "")


def _refused(line: Line, _: Names) -> str:
    return say("Refused text messages") if line.detail.get("channel") == "sms" else say("Refused email")


def _agreed(line: Line, _: Names) -> str:
    return say("Agreed to text messages") if line.detail.get("channel") == "sms" else say("Agreed to email")


def _webhook(line: Line, _: Names) -> str:
    name = str(line.detail.get("name") or "?")
    if line.detail.get("state") == "sent":
        return say("“%(name)s” was told", name=name)
    return say("“%(name)s” could not be told", name=name)


def _merged(line: Line, _: Names) -> str:
    return say("“%(name)s” was merged into this lead", name=str(line.detail.get("name") or "?"))


def _resolved(line: Line, names: Names) -> str:
    email = names.emails.get(line.email_key or "", line.email_key or "?")
    again = line.detail.get("as") == "again"
    what = (
        N_("“%(email)s” may have arrived: sent again") if again else N_("“%(email)s” may have arrived: counts as sent")
    )
    why = str(line.detail.get("why") or "") or say("as the campaign says")
    return f"{say(what, email=email)} ({why})"


def _fixed(text: str) -> Callable[[Line, Names], str]:
    def sentence(_: Line, __: Names) -> str:
        return say(text)

    return sentence


def _preferences(line: Line, _: Names) -> str:
    """What the lead chose to get."""
    if line.detail.get("until"):
        return reason(Reason.PAUSED_BY_LEAD, {"date": line.detail["until"]})
    if line.detail.get("resumed"):
        return say("Wants mail again after a pause")
    refused = line.detail.get("refused") or []
    if not refused:
        return say("Wants mail about every topic")
    return say("Refused mail about: %(topics)s", topics=", ".join(named(one) for one in refused))


_SENTENCES: Mapping[Kind, Callable[[Line, Names], str]] = {
    Kind.CREATED: _created,
    Kind.UPDATED: _updated,
    Kind.MESSAGE_SENT: _email,
    Kind.MESSAGE_BOUNCED: _email,
    Kind.MESSAGE_RESOLVED: _resolved,
    Kind.OPENED: _email,
    Kind.CLICKED: _email,
    Kind.REPLIED: _fixed(N_("Replied")),
    Kind.UNSUBSCRIBED: _refused,
    Kind.RESUBSCRIBED: _fixed(N_("Agreed to email again")),
    Kind.COMPLAINED: _fixed(N_("Reported spam")),
    Kind.PREFERENCES: _preferences,
    Kind.CONSENTED: _agreed,
    Kind.CALLED: _called,
    Kind.NOTED: _fixed(N_("Note")),
    Kind.TAGGED: _tagged,
    Kind.UNTAGGED: _tagged,
    Kind.ENROLLED: _campaign,
    Kind.LEFT_CAMPAIGN: _campaign,
    Kind.TEMPERATURE_CHANGED: _temperature,
    Kind.LIFECYCLE_CHANGED: _lifecycle,
    Kind.OWNER_CHANGED: _owner,
    Kind.OPPORTUNITY_OPENED: _opportunity,
    Kind.OPPORTUNITY_CHANGED: _opportunity,
    Kind.ALERTED: _alerted,
    Kind.TASK_DONE: _task,
    Kind.TASK_CANCELED: _task,
    Kind.MAIL_PAUSED: _paused,
    Kind.MAIL_RESUMED: _paused,
    Kind.SMS_SENT: _fixed(N_("A text message was sent")),
    Kind.WEBHOOK_ANSWERED: _webhook,
    Kind.SCORED: _scored,
    Kind.SEGMENT_JOINED: _segment,
    Kind.SEGMENT_LEFT: _segment,
    Kind.MERGED: _merged,
}
