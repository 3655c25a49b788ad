"""Examples of the policy of the house and of what came late."""

from tests.browser.visits import Visit

VISITS: dict[str, Visit] = {
    "policy.show": lambda _: "/settings/policy",
    "policy.show#next": lambda _: "/settings/policy?year=2027",
    "late.index": lambda _: "/late",
    "late.index#one": lambda _: "/late?campaign=welcome_series",
}
