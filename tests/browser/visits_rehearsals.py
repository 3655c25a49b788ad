"""Examples of rehearsals and of a campaign as text: asked for, what came of it, one day of it, one lead's way."""

from tests.browser.visits import Visit
from tests.web.rehearsed import BROKEN, CAMPAIGN, ENDED

VISITS: dict[str, Visit] = {
    "campaign_text.edit": lambda _: f"/campaigns/{CAMPAIGN}/edit",
    "rehearsals.ask": lambda _: f"/campaigns/{CAMPAIGN}/rehearse",
    "rehearsals.show": lambda _: f"/rehearsals/{ENDED}",
    "rehearsals.show#broken": lambda _: f"/rehearsals/{BROKEN}",
    "rehearsals.lead": lambda _: f"/rehearsals/{ENDED}/leads/1",
}
