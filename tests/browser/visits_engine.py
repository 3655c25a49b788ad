"""Examples of the engine's page."""

from tests.browser.visits import Visit

VISITS: dict[str, Visit] = {"engine.index": lambda _: "/engine"}
