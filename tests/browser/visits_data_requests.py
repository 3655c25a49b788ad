"""Examples of what people ask us to do with their data."""

from tests.browser.visits import Visit

VISITS: dict[str, Visit] = {
    "agree.show": lambda house: f"/y/{house.agree}",
    "data_requests.index": lambda _: "/requests",
    "data_requests.show": lambda house: f"/requests/{house.request}",
    "data_requests.show#forget": lambda house: f"/requests/{house.forget}",
}
