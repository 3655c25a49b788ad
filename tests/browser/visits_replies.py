"""Examples of replies and of mail that belongs to nobody."""

from tests.browser.visits import Visit

VISITS: dict[str, Visit] = {
    "replies.index": lambda _: "/replies",
    "replies.index#all": lambda _: "/replies?of=all",
    "replies.show": lambda house: f"/replies/{house.reply}",
}
