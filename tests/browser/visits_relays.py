"""Examples of the mail servers' page."""

from tests.browser.visits import Visit

VISITS: dict[str, Visit] = {"relays.index": lambda _: "/settings/relays"}
