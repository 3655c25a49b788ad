"""Kinds of activities: what can stand in a lead's timeline."""

from enum import StrEnum


class Kind(StrEnum):
    """One line of a timeline. Those marked (reserved) are written by later features, and rules may name them."""

    CREATED = "created"  # the lead came in: import, form, by hand
    UPDATED = "updated"  # facts changed; detail: {"fields": {key: [before, after]}}
    MESSAGE_SENT = "message_sent"
    MESSAGE_BOUNCED = "message_bounced"  # detail: {"hard", "reason", "answer"}
    MESSAGE_RESOLVED = "message_resolved"  # it may have arrived, and somebody said so; detail: {"as", "why"}
    OPENED = "opened"  # a human or proxy open; detail: {"verdict"}
    CLICKED = "clicked"  # a human click; url and email_key set
    REPLIED = "replied"  # (reserved)
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    PREFERENCES = "preferences"  # detail: {"refused": [name by language]}, {"until"} or {"resumed"}
    COMPLAINED = "complained"  # (reserved)
    CONSENTED = "consented"
    FORM_SUBMITTED = "form_submitted"  # (reserved)
    PAGE_VISITED = "page_visited"  # (reserved)
    SOCIAL_RESPONSE = "social_response"  # (reserved)
    MEETING = "meeting"  # (reserved)
    CALLED = "called"  # detail: {"outcome", "note", "minutes"}
    NOTED = "noted"  # detail: {"note"}
    TAGGED = "tagged"  # detail: {"tag"}
    UNTAGGED = "untagged"
    ENROLLED = "enrolled"  # campaign_key set
    LEFT_CAMPAIGN = "left_campaign"  # campaign_key set; detail: {"state", "reason"}
    TEMPERATURE_CHANGED = "temperature_changed"  # detail: {"before", "after", "reason"}
    LIFECYCLE_CHANGED = "lifecycle_changed"  # detail: {"before", "after"}
    OWNER_CHANGED = "owner_changed"  # detail: {"before", "after"} as user ids
    OPPORTUNITY_OPENED = "opportunity_opened"  # detail: {"opportunity": public id}
    OPPORTUNITY_CHANGED = "opportunity_changed"  # detail: {"opportunity", "field", "before", "after", "reason"}
    ALERTED = "alerted"  # detail: {"alert", "owner"}
    MAIL_PAUSED = "mail_paused"
    MAIL_RESUMED = "mail_resumed"
    TASK_DONE = "task_done"  # detail: {"task", "kind", "title", "outcome", "said", "note"}; of a call CALLED as well
    TASK_CANCELED = "task_canceled"  # by a person; detail: {"task", "kind", "title", "note"}
    SMS_SENT = "sms_sent"  # campaign_key set; detail: {"call": public id, "text", "parts"}
    WEBHOOK_ANSWERED = "webhook_answered"  # campaign_key set; detail: {"call", "name", "state", "status"}
    SCORED = "scored"  # points by a campaign; detail: {"axis", "points", "reason": {language: words}}
    SEGMENT_JOINED = "segment_joined"  # by hand or by a campaign; detail: {"segment": key}
    SEGMENT_LEFT = "segment_left"  # likewise
    MERGED = "merged"  # another lead was merged into this one; detail: {"lead": public id, "name", "fields"}


# In the detail of an activity that was found out long after it happened: it gives its points, and calls nobody.
LATE = "late"


class CallOutcome(StrEnum):
    """What came of a call; scoring rules name these."""

    INTERESTED = "interested"
    CALL_BACK = "call_back"  # asked to be called again
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    SWITCHED_OFF = "switched_off"
    NO_NEED = "no_need"
    WRONG_NUMBER = "wrong_number"


class Decided(StrEnum):
    """What a row of `decisions` is about."""

    ENROLL = "enroll"
    STEP = "step"
    SEND = "send"
    SCORE = "score"
    QUALIFY = "qualify"
    ALERT = "alert"
    COMPARE = "compare"  # which way of a split is better
