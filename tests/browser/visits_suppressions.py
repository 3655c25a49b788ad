"""Examples of the list of addresses that must not be reached: as it is, and asked about an address."""

from tests.browser.visits import Visit

VISITS: dict[str, Visit] = {
    "suppressions.index": lambda _: "/suppressions",
    "suppressions.index#asked": lambda _: "/suppressions?q=khach1@example.net",
}
