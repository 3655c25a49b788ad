"""Reason codes: every "no" has one. The code is stable and English; its sentence stands in the catalog.

`SENTENCES` gives the English sentence with %(name)s places, `LABELS` a few words for tables; the Vietnamese ones are
their translations.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why something was not done, or was done later, or ended."""

    NO_CONSENT = "no_consent"  # no proof of consent to advertising
    UNSUBSCRIBED = "unsubscribed"  # the lead said no to email
    SUPPRESSED = "suppressed"  # on the list of addresses we must not mail (by hand or import)
    COMPLAINED = "complained"  # called our mail spam
    BOUNCED = "bounced"  # the address does not exist
    NO_ADDRESS = "no_address"  # the lead has no email address
    CAPPED = "capped"  # as many mails as allowed in that time
    QUIET_HOURS = "quiet_hours"  # outside the sending window; goes later
    HOLIDAY = "holiday"  # a day on which the house sends nothing; goes later
    HOLIDAY_DROPPED = "holiday_dropped"  # due in a stop in which the house drops what is due
    GAP = "gap"  # too short a time after another mail; goes later
    NEVER_OPEN = "never_open"  # the windows of campaign and house share no hour
    DEAL_OPEN = "deal_open"  # advertising is held while an opportunity is open
    PAUSED_BY_HAND = "paused_by_hand"  # a person stopped all automatic mail to this lead
    PAUSED_BY_LEAD = "paused_by_lead"  # the lead asked for nothing until a day
    TOPIC_REFUSED = "topic_refused"  # the lead wants nothing about this
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_STOPPED = "campaign_stopped"
    REPLIED = "replied"  # a human reply waits for the owner
    LEFT_ON_REPLY = "left_on_reply"  # the lead answered, and the campaign ends with an answer
    MISSING_FIELD = "missing_field"  # a field without value and without fallback
    TEMPLATE_ERROR = "template_error"
    NO_TEMPLATE = "no_template"
    DUPLICATE_MESSAGE = "duplicate_message"
    MERGED = "merged"  # the lead was merged into another
    ERASED = "erased"  # the lead asked us to forget them
    EXPIRED = "expired"  # could not be handed over until its last day
    REFUSED_BY_SERVER = "refused_by_server"
    HARD_BOUNCE = "hard_bounce"  # the address is gone
    SOFT_BOUNCE = "soft_bounce"  # refused for another cause; the address may exist
    TOO_LARGE = "too_large"
    NEEDS_SMTPUTF8 = "needs_smtputf8"  # the address has no ASCII form, and the relay takes no other (RFC 6531)
    ROUTE_PAUSED = "route_paused"
    QUOTA = "quota"  # the relay has taken as many as its day allows
    RELAY_RATE = "relay_rate"  # it takes no more at once
    DOMAIN_RATE = "domain_rate"  # the recipient's provider takes no more at once
    COMPLAINT_RATE = "complaint_rate"  # too many called mail from this sender spam
    HANDOVER_UNSURE = "handover_unsure"  # the answer after the final dot never came
    HELD_LATE = "held_late"  # late after a standstill; a person decides
    LATE_DROPPED = "late_dropped"  # late, and a person decided against it
    NOT_MATCHED = "not_matched"  # the entry's or a rule's condition does not hold
    ALREADY_ENROLLED = "already_enrolled"
    ENROLLED_BEFORE = "enrolled_before"  # `again: never`
    TOO_OFTEN = "too_often"  # came in again and again in a short time, as campaigns that lead into each other make it
    EXISTING_SKIPPED = "existing_skipped"  # in the segment before the first publish, and `existing: skip`
    OCCASION_PASSED = "occasion_passed"  # its time went by while nothing ran
    SAME_OCCASION = "same_occasion"  # the date was changed after the lead had come in for it
    GOAL_REACHED = "goal_reached"
    EXIT_CONDITION = "exit_condition"
    EXIT_STEP = "exit_step"
    LEFT_BY_HAND = "left_by_hand"
    STEP_FAILED = "step_failed"
    TAKEN_OUT = "taken_out"  # by a step of another campaign
    NO_CAMPAIGN = "no_campaign"  # the campaign to enroll in does not run
    NO_PIPELINE = "no_pipeline"  # nowhere to open an opportunity
    NO_SUCH_OWNER = "no_such_owner"  # nobody of that address can be in charge
    KEPT_BY_RULE = "kept_by_rule"  # the segment is gone, or a rule says who is in it
    MACHINE_HIT = "machine_hit"
    SUSPECT_HIT = "suspect_hit"
    PROXY_HIT = "proxy_hit"
    NOT_HOT = "not_hot"
    NOT_FIT = "not_fit"
    CRITERIA_NOT_MET = "criteria_not_met"
    ALREADY_CUSTOMER = "already_customer"
    OPPORTUNITY_OPEN = "opportunity_open"
    CLOSED_LATELY = "closed_lately"  # an opportunity of this lead was closed a short time ago
    RULE_LIMIT = "rule_limit"  # a scoring rule counted as often as it may
    FACT_GONE = "fact_gone"  # points for a fact about the lead that no longer holds
    COOLDOWN = "cooldown"  # this owner was told a short time ago
    DAILY_CEILING = "daily_ceiling"  # enough alert emails for one owner and day
    NIGHT_DIGEST = "night_digest"  # its email waits for the owner's working hours
    NO_SALESPERSON = "no_salesperson"  # nobody to assign
    VERDICT_CHANGED = "verdict_changed"  # withdrawn: the hit turned out to be a machine's
    BROADCAST_PAUSED = "broadcast_paused"
    BROADCAST_STOPPED = "broadcast_stopped"
    TEST_RUNNING = "test_running"  # waits for the winner of a broadcast's test
    REVISION_MOVED = "revision_moved"  # the campaign changed, and leads under way were moved to the new steps
    STEP_GONE = "step_gone"  # the campaign has no such step any more
    MENDED = "mended"  # by nurture doctor
    RESTARTED = "restarted"  # the campaign changed, and leads under way began anew
    HOLDOUT = "holdout"  # drawn into the group that gets no mail, for comparison
    NO_PHONE = "no_phone"  # the lead has no phone number
    SMS_REFUSED = "sms_refused"  # the lead said no to text messages
    SMS_SUPPRESSED = "sms_suppressed"  # the number is on the list of those we must not text
    TOO_LONG = "too_long"  # a text message of more parts than we send
    NOT_PUBLIC = "not_public"  # an address that webhooks do not go to
    NO_ANSWER = "no_answer"  # a host outside did not answer; it is tried again
    CALL_REFUSED = "call_refused"  # a host outside said no
    GATEWAY_UNSURE = "gateway_unsure"  # the gateway's answer to a text message never came
    TASK_TIMED_OUT = "task_timed_out"  # nobody said in time what came of a task
    CANCELED_BY_HAND = "canceled_by_hand"
    WAY_WON = "way_won"  # one way of a split is better than the others
    NO_CLEAR_WINNER = "no_clear_winner"  # enough data, but what differs may be chance
    NOT_ENOUGH_DATA = "not_enough_data"  # to compare ways
    CHOSEN_BY_HAND = "chosen_by_hand"  # a person chose the way
    SPLIT_AGAIN = "split_again"  # a person let all ways be gone again
    DONE = "done"


SENTENCES: dict[Reason, str] = {
    Reason.NO_CONSENT: "No proof of consent to advertising",
    Reason.UNSUBSCRIBED: "The lead refused email on %(date)s",
    Reason.SUPPRESSED: "The address is on the suppression list since %(date)s",
    Reason.COMPLAINED: "The lead called an earlier mail spam on %(date)s",
    Reason.BOUNCED: "The address bounced on %(date)s",
    Reason.NO_ADDRESS: "The lead has no email address",
    Reason.CAPPED: "Received %(count)s mails in %(days)s days, the limit is %(limit)s",
    Reason.QUIET_HOURS: "Outside the sending window, goes at %(time)s",
    Reason.HOLIDAY: "Nothing is sent on this day (%(holiday)s), goes at %(time)s",
    Reason.HOLIDAY_DROPPED: "Was due on a day on which nothing is sent (%(holiday)s), so it was left out",
    Reason.GAP: "Less than %(hours)s hours after another mail, goes at %(time)s",
    Reason.NEVER_OPEN: "The sending hours of the campaign and of the house never meet",
    Reason.DEAL_OPEN: "An opportunity is open with %(owner)s, advertising is held",
    Reason.PAUSED_BY_HAND: "A person stopped all automatic mail to this lead",
    Reason.PAUSED_BY_LEAD: "The lead asked for no mail until %(date)s",
    Reason.TOPIC_REFUSED: "The lead refused mail about “%(topic)s” on %(date)s",
    Reason.CAMPAIGN_PAUSED: "The campaign is paused",
    Reason.CAMPAIGN_STOPPED: "The campaign was stopped",
    Reason.REPLIED: "The lead has replied, %(owner)s should look first",
    Reason.LEFT_ON_REPLY: "The lead answered, and this campaign ends with an answer",
    Reason.MISSING_FIELD: "“%(field)s” is missing and has no fallback",
    Reason.TEMPLATE_ERROR: "The template failed: %(error)s",
    Reason.NO_TEMPLATE: "There is no email “%(email)s” in any usable language",
    Reason.DUPLICATE_MESSAGE: "This message was sent on %(date)s",
    Reason.MERGED: "The lead was merged into another",
    Reason.ERASED: "The lead's data was erased",
    Reason.EXPIRED: "Could not be handed over until its last day",
    Reason.REFUSED_BY_SERVER: "The mail server refused it: %(answer)s",
    Reason.HARD_BOUNCE: "The address does not exist: %(answer)s",
    Reason.SOFT_BOUNCE: "Refused, though the address may exist: %(answer)s",
    Reason.TOO_LARGE: "The mail is too large for the server",
    Reason.NEEDS_SMTPUTF8: "The mail server does not take addresses such as %(address)s",
    Reason.ROUTE_PAUSED: "The mail server “%(route)s” is paused: %(error)s",
    Reason.QUOTA: "The mail server “%(route)s” has taken as many as it may on this day; goes by %(time)s",
    Reason.RELAY_RATE: "The mail server “%(route)s” takes no more at once; goes by %(time)s",
    Reason.DOMAIN_RATE: "%(domain)s takes no more at once; goes by %(time)s",
    Reason.COMPLAINT_RATE: "Too many called advertising by “%(route)s” spam; it waits until a person has looked",
    Reason.HANDOVER_UNSURE: "The mail server did not answer in time; it is not sent again by itself",
    Reason.HELD_LATE: "Late by more than %(hours)s hours, waiting for your decision",
    Reason.LATE_DROPPED: "It was late after a standstill, and a person dropped it",
    Reason.NOT_MATCHED: "The condition does not hold: %(condition)s",
    Reason.ALREADY_ENROLLED: "Already in this campaign since %(date)s",
    Reason.ENROLLED_BEFORE: "Was in this campaign before, and may not come again yet",
    Reason.TOO_OFTEN: (
        "Came into this campaign %(count)s times within %(hours)s hours; no lead comes more often by itself"
    ),
    Reason.EXISTING_SKIPPED: "Was in the segment before the campaign was first published",
    Reason.OCCASION_PASSED: "Its time was %(time)s, when nothing ran; now it is too late",
    Reason.SAME_OCCASION: "Came in for this already, on %(date)s; the date was changed later",
    Reason.GOAL_REACHED: "The goal was reached",
    Reason.EXIT_CONDITION: "The exit condition holds: %(condition)s",
    Reason.EXIT_STEP: "The campaign ends here for this lead",
    Reason.LEFT_BY_HAND: "Taken out by hand",
    Reason.STEP_FAILED: "The step failed: %(error)s",
    Reason.TAKEN_OUT: "Taken out by a step of the campaign “%(campaign)s”",
    Reason.NO_CAMPAIGN: "The campaign “%(campaign)s” does not run",
    Reason.NO_PIPELINE: "There is no sales pipeline yet",
    Reason.NO_SUCH_OWNER: "Nobody of the staff who can be in charge has the address %(email)s",
    Reason.KEPT_BY_RULE: "No segment “%(segment)s” is kept by hand",
    Reason.MACHINE_HIT: "A scanner's click, it does not score",
    Reason.SUSPECT_HIT: "A suspect click, being examined",
    Reason.PROXY_HIT: "Opened by an image proxy, weak evidence",
    Reason.NOT_HOT: "Not hot yet: engagement %(engagement)s of %(threshold)s",
    Reason.NOT_FIT: "Fit %(fit)s, at least %(threshold)s needed",
    Reason.CRITERIA_NOT_MET: "Criteria not met: %(condition)s",
    Reason.ALREADY_CUSTOMER: "Is a customer already",
    Reason.OPPORTUNITY_OPEN: "An opportunity is open already",
    Reason.CLOSED_LATELY: "An opportunity was closed a short time ago; a new one may open by itself from %(date)s",
    Reason.RULE_LIMIT: "The rule “%(rule)s” has counted as often as it may",
    Reason.FACT_GONE: "What it was given for no longer holds",
    Reason.COOLDOWN: "%(owner)s was told at %(time)s",
    Reason.DAILY_CEILING: "%(owner)s has had %(count)s alert mails today",
    Reason.NIGHT_DIGEST: "Goes with the digest at %(time)s",
    Reason.NO_SALESPERSON: "There is no salesperson to give it to",
    Reason.VERDICT_CHANGED: "Withdrawn: the click turned out to be a machine's",
    Reason.BROADCAST_PAUSED: "The one-time email is paused",
    Reason.BROADCAST_STOPPED: "The one-time email was stopped",
    Reason.TEST_RUNNING: "Waits until the test has found the better text",
    Reason.REVISION_MOVED: "The campaign changed: from step “%(before)s” to “%(after)s”",
    Reason.STEP_GONE: "The campaign has no step “%(step)s” any more",
    Reason.MENDED: "Put right by nurture doctor",
    Reason.RESTARTED: "The campaign changed, and begins anew for this lead",
    Reason.HOLDOUT: "Drawn into the group that gets no mail, so that the effect can be measured",
    Reason.NO_PHONE: "The lead has no phone number",
    Reason.SMS_REFUSED: "The lead refused text messages on %(date)s",
    Reason.SMS_SUPPRESSED: "The number is on the suppression list since %(date)s",
    Reason.TOO_LONG: "The text has %(parts)s parts, at most %(limit)s are sent",
    Reason.NOT_PUBLIC: "Webhooks do not go to this address: %(error)s",
    Reason.NO_ANSWER: "No answer: %(answer)s",
    Reason.CALL_REFUSED: "The receiver said no: %(answer)s",
    Reason.GATEWAY_UNSURE: "The gateway did not answer in time; it is not sent again by itself",
    Reason.TASK_TIMED_OUT: "Nobody said in time what came of it; the campaign has gone on",
    Reason.CANCELED_BY_HAND: "A person canceled it",
    Reason.WAY_WON: (
        "“%(way)s” is better: %(share)s%% against %(other)s%%, of %(leads)s leads; sure to %(confidence)s%%"
    ),
    Reason.NO_CLEAR_WINNER: (
        "No clear winner among %(leads)s leads: the difference may be chance, so leads go all ways on"
    ),
    Reason.NOT_ENOUGH_DATA: (
        "Not enough data to name a winner: %(leads)s leads so far, %(successes)s of them count; leads go all ways on"
    ),
    Reason.CHOSEN_BY_HAND: "A person chose the way “%(way)s”",
    Reason.SPLIT_AGAIN: "A person let leads go all ways again",
    Reason.DONE: "Done",
}

# Of a lead that is nobody's.
_REPLIED = "The lead has replied, somebody should look first"
# A cap that is not the house's own.
_CAPPED_BY_LAW = "%(count)s advertising messages went there in the last %(days)s × 24 hours; the law allows %(limit)s"
_CAPPED_AS_AGREED = (
    "%(count)s advertising messages went there in the last %(days)s × 24 hours; %(limit)s were agreed on"
)


def sentence(reason: Reason, params: Mapping[str, Any]) -> str:
    """The English sentence, which may depend on what there is to fill it with."""
    if reason is Reason.CAPPED and params.get("law"):
        return _CAPPED_BY_LAW
    if reason is Reason.CAPPED and params.get("agreed"):
        return _CAPPED_AS_AGREED
    if reason is Reason.REPLIED and not params.get("owner"):
        return _REPLIED
    return SENTENCES[reason]


LABELS: dict[Reason, str] = {
    Reason.NO_CONSENT: "no proof of consent",
    Reason.UNSUBSCRIBED: "refused email",
    Reason.SUPPRESSED: "on the suppression list",
    Reason.COMPLAINED: "called it spam",
    Reason.BOUNCED: "the address bounced earlier",
    Reason.NO_ADDRESS: "no email address",
    Reason.CAPPED: "over the cap",
    Reason.QUIET_HOURS: "outside the sending window",
    Reason.HOLIDAY: "a day off, goes later",
    Reason.HOLIDAY_DROPPED: "due on a day off, left out",
    Reason.GAP: "too soon after another mail",
    Reason.NEVER_OPEN: "no common sending hours",
    Reason.DEAL_OPEN: "an opportunity is open, advertising is held",
    Reason.PAUSED_BY_HAND: "a person stopped all mail",
    Reason.PAUSED_BY_LEAD: "asked for a pause",
    Reason.TOPIC_REFUSED: "refused this topic",
    Reason.CAMPAIGN_PAUSED: "campaign paused",
    Reason.CAMPAIGN_STOPPED: "campaign stopped",
    Reason.REPLIED: "the lead replied",
    Reason.LEFT_ON_REPLY: "the lead answered",
    Reason.MISSING_FIELD: "a field is missing",
    Reason.TEMPLATE_ERROR: "the template failed",
    Reason.NO_TEMPLATE: "no such email",
    Reason.DUPLICATE_MESSAGE: "sent before",
    Reason.MERGED: "merged into another lead",
    Reason.ERASED: "data erased",
    Reason.EXPIRED: "could not be handed over in time",
    Reason.REFUSED_BY_SERVER: "the mail server refused it",
    Reason.HARD_BOUNCE: "the address does not exist",
    Reason.SOFT_BOUNCE: "refused, the address may exist",
    Reason.TOO_LARGE: "too large for the server",
    Reason.NEEDS_SMTPUTF8: "the server takes no such address",
    Reason.ROUTE_PAUSED: "the mail server is paused",
    Reason.QUOTA: "the day of the mail server is used up",
    Reason.RELAY_RATE: "the mail server takes no more at once",
    Reason.DOMAIN_RATE: "the recipient's provider takes no more at once",
    Reason.COMPLAINT_RATE: "too many complaints",
    Reason.HANDOVER_UNSURE: "no answer from the mail server",
    Reason.HELD_LATE: "late, waiting for a person",
    Reason.LATE_DROPPED: "late, dropped by a person",
    Reason.NOT_MATCHED: "the condition does not hold",
    Reason.ALREADY_ENROLLED: "in the campaign already",
    Reason.ENROLLED_BEFORE: "was in the campaign before",
    Reason.TOO_OFTEN: "came in too often",
    Reason.EXISTING_SKIPPED: "was in the segment before the first publish",
    Reason.OCCASION_PASSED: "its time went by",
    Reason.SAME_OCCASION: "came in for this already",
    Reason.GOAL_REACHED: "goal reached",
    Reason.EXIT_CONDITION: "exit condition",
    Reason.EXIT_STEP: "end of this way",
    Reason.LEFT_BY_HAND: "taken out by hand",
    Reason.STEP_FAILED: "a step failed",
    Reason.TAKEN_OUT: "taken out by another campaign",
    Reason.NO_CAMPAIGN: "the campaign does not run",
    Reason.NO_PIPELINE: "no pipeline",
    Reason.NO_SUCH_OWNER: "no such member of staff",
    Reason.KEPT_BY_RULE: "not a segment kept by hand",
    Reason.MACHINE_HIT: "a machine's click",
    Reason.SUSPECT_HIT: "a suspect click",
    Reason.PROXY_HIT: "opened by a proxy",
    Reason.NOT_HOT: "not hot yet",
    Reason.NOT_FIT: "not fit",
    Reason.CRITERIA_NOT_MET: "criteria not met",
    Reason.ALREADY_CUSTOMER: "is a customer",
    Reason.OPPORTUNITY_OPEN: "an opportunity is open",
    Reason.COOLDOWN: "told a short time ago",
    Reason.DAILY_CEILING: "enough alerts for today",
    Reason.NIGHT_DIGEST: "waits for the digest",
    Reason.NO_SALESPERSON: "no salesperson",
    Reason.VERDICT_CHANGED: "turned out to be a machine",
    Reason.BROADCAST_PAUSED: "one-time email paused",
    Reason.BROADCAST_STOPPED: "one-time email stopped",
    Reason.TEST_RUNNING: "waits for the test",
    Reason.REVISION_MOVED: "moved to a new revision",
    Reason.STEP_GONE: "its step is gone",
    Reason.MENDED: "put right by nurture doctor",
    Reason.RESTARTED: "began anew",
    Reason.HOLDOUT: "in the group without mail",
    Reason.NO_PHONE: "no phone number",
    Reason.SMS_REFUSED: "refused text messages",
    Reason.SMS_SUPPRESSED: "number on the suppression list",
    Reason.TOO_LONG: "text too long",
    Reason.NOT_PUBLIC: "address not allowed",
    Reason.NO_ANSWER: "no answer from outside",
    Reason.CALL_REFUSED: "the receiver said no",
    Reason.GATEWAY_UNSURE: "no answer from the gateway",
    Reason.TASK_TIMED_OUT: "not done in time",
    Reason.CANCELED_BY_HAND: "canceled by a person",
    Reason.WAY_WON: "has won",
    Reason.NO_CLEAR_WINNER: "no clear winner",
    Reason.NOT_ENOUGH_DATA: "not enough data",
    Reason.CHOSEN_BY_HAND: "chosen by hand",
    Reason.SPLIT_AGAIN: "split again",
    Reason.DONE: "done",
    Reason.CLOSED_LATELY: "an opportunity was closed lately",
    Reason.RULE_LIMIT: "the rule has counted often enough",
    Reason.FACT_GONE: "no longer holds",
}
