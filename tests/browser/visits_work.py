"""Examples of campaigns, emails, sends, the mailbox, opportunities and alerts."""

from tests.browser.visits import Visit

VISITS: dict[str, Visit] = {
    "calls.index": lambda _: "/campaigns/welcome_series/calls",
    "calls.index#failed": lambda _: "/campaigns/welcome_series/calls?state=failed",
    "calls.index#nothing": lambda _: "/campaigns/cold_low_risk_offer/calls",
    "campaigns.index": lambda _: "/campaigns",
    "campaigns.show": lambda _: "/campaigns/welcome_series",
    "campaigns.enrolled": lambda _: "/campaigns/welcome_series/enrollments",
    "emails.show": lambda _: "/emails/welcome_series_hello",
    "sends.index": lambda _: "/sends",
    "sends.index#skipped": lambda _: "/sends?campaign=welcome_series&state=skipped",
    "sends.unsure": lambda _: "/sends/unknown",
    "sends.unsure#nothing": lambda _: "/sends/unknown?campaign=win_back",
    "sends.message": lambda house: f"/messages/{house.messages[0]}",
    "sends.message#bounced": lambda house: f"/messages/{house.messages[14]}",
    "mailbox.index": lambda _: "/mailbox",
    "mailbox.index#nothing": lambda _: "/mailbox?q=khongcoaitenthenay",
    "mailbox.mail": lambda house: f"/mailbox/{house.mail}",
    "mailbox.mail#text": lambda house: f"/mailbox/{house.mail}?as=text",
    "mailbox.mail#source": lambda house: f"/mailbox/{house.mail}?as=source",
    "landing.show": lambda house: f"/your-page/{house.click}",
    "opportunities.index": lambda _: "/opportunities",
    "opportunities.index#table": lambda _: "/opportunities?as=table",
    "opportunities.show": lambda house: f"/opportunities/{house.opportunity}",
    "alerts.index": lambda _: "/alerts",
    "tasks.index": lambda _: "/tasks",
    "tasks.index#nobody": lambda _: "/tasks?of=nobody",
    "tasks.index#done": lambda _: "/tasks?of=all&as=done",
    "tasks.show": lambda house: f"/tasks/{house.task}",
}
