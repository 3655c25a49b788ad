"""What rules may ask of a lead's timeline, and which facts an activity moves. Pure."""

from collections.abc import Iterable, Mapping

from nurture.activities.model import CallOutcome, Kind
from nurture.activities.tables import activities
from nurture.kernel.i18n import N_
from nurture.rules.facts import About, Event, Timeline

_MAIL = frozenset({"email", "campaign"})
_LINKED = frozenset({"email", "campaign", "link"})
_LINK = frozenset({"link"})
_CAMPAIGN = frozenset({"campaign"})

TIMELINE = Timeline(
    lead_id=activities.c.lead_id,
    kind=activities.c.kind,
    occurred_at=activities.c.occurred_at,
    email=activities.c.email_key,
    campaign=activities.c.campaign_key,
    link=activities.c.url,
    about=activities.c.about,
    where=(activities.c.withdrawn_at.is_(None),),
)

FACTS = (
    TIMELINE,
    Event("sent", Kind.MESSAGE_SENT, (N_("was sent an email"), N_("was sent no email")), _MAIL, silent=True),
    Event("opened", Kind.OPENED, (N_("opened an email"), N_("opened no email")), _MAIL),
    Event("clicked", Kind.CLICKED, (N_("clicked a link"), N_("clicked no link")), _LINKED),
    Event("replied", Kind.REPLIED, (N_("replied to an email"), N_("did not reply to an email")), _MAIL),
    Event("bounced", Kind.MESSAGE_BOUNCED, (N_("had an email bounce"), N_("had no email bounce")), _MAIL),
    Event("unsubscribed", Kind.UNSUBSCRIBED, (N_("unsubscribed"), N_("did not unsubscribe")), _MAIL),
    Event("resubscribed", Kind.RESUBSCRIBED, (N_("subscribed again"), N_("did not subscribe again"))),
    Event("complained", Kind.COMPLAINED, (N_("reported spam"), N_("did not report spam")), _MAIL),
    Event("consented", Kind.CONSENTED, (N_("gave consent"), N_("gave no consent"))),
    Event("form_submitted", Kind.FORM_SUBMITTED, (N_("sent in a form"), N_("sent in no form")), _LINK,
          About("form")),
    Event("page_visited", Kind.PAGE_VISITED, (N_("visited a page"), N_("visited no page")), _LINK,
          About("path", begins=True)),
    Event("social_response", Kind.SOCIAL_RESPONSE, (N_("answered socially"), N_("did not answer socially"))),
    Event("called", Kind.CALLED, (N_("was called"), N_("was not called")),
          about=About("outcome", tuple(CallOutcome))),
    Event("met", Kind.MEETING, (N_("had a meeting"), N_("had no meeting"))),
    Event("noted", Kind.NOTED, (N_("has a note"), N_("has no note"))),
    Event("task_done", Kind.TASK_DONE, (N_("had a task done"), N_("had no task done")), _CAMPAIGN, About("outcome")),
    Event("enrolled", Kind.ENROLLED, (N_("entered a campaign"), N_("entered no campaign")), _CAMPAIGN),
    Event("left_campaign", Kind.LEFT_CAMPAIGN, (N_("left a campaign"), N_("left no campaign")), _CAMPAIGN,
          About("reason")),
    Event(
        "opportunity_opened",
        Kind.OPPORTUNITY_OPENED,
        (N_("became an opportunity"), N_("did not become an opportunity")),
    ),
)  # fmt: skip

_SCORES = frozenset({"engagement", "fit", "score", "temperature"})
# What else a line of the timeline changes, besides being there; None: any fact of the lead.
_MOVES: Mapping[Kind, frozenset[str] | None] = {
    Kind.CREATED: None,
    Kind.UPDATED: None,
    Kind.MERGED: None,
    Kind.TAGGED: frozenset({"tag"}),
    Kind.UNTAGGED: frozenset({"tag"}),
    Kind.TEMPERATURE_CHANGED: _SCORES,
    Kind.LIFECYCLE_CHANGED: frozenset({"lifecycle"}),
    Kind.OWNER_CHANGED: frozenset({"owner"}),
    Kind.OPPORTUNITY_OPENED: frozenset({"opportunity"}),
    Kind.OPPORTUNITY_CHANGED: frozenset({"opportunity"}),
    Kind.ENROLLED: frozenset({"campaign"}),
    Kind.LEFT_CAMPAIGN: frozenset({"campaign"}),
    Kind.MAIL_PAUSED: frozenset({"paused_at"}),
    Kind.MAIL_RESUMED: frozenset({"paused_at"}),
    Kind.SCORED: _SCORES,
    Kind.SEGMENT_JOINED: frozenset({"segment"}),
    Kind.SEGMENT_LEFT: frozenset({"segment"}),
}


def moved(kinds: Iterable[str]) -> frozenset[str] | None:
    """The facts that may have changed with activities of these kinds; None means any.

    Keys of facts (`engagement`, `city`) may stand among the kinds and are kept. Every activity moves
    `last_activity_at`.
    """
    given = frozenset(str(kind) for kind in kinds)
    found = set(given)
    for kind in given & {one.value for one in Kind}:
        more = _MOVES.get(Kind(kind), frozenset())
        if more is None:
            return None
        found |= more | {"last_activity_at"}
    return frozenset(found)
