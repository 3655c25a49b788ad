"""Examples of one-time emails: a list, a draft, the look before, what came of one."""

from tests.browser.visits import Visit

VISITS: dict[str, Visit] = {
    "broadcasts.index": lambda _: "/broadcasts",
    "broadcasts.new": lambda _: "/broadcasts/new",
    "broadcasts.show": lambda _: "/broadcasts/ban_tin",
    "broadcasts.show#draft": lambda _: "/broadcasts/uu_dai_tet",
    "broadcasts.edit": lambda _: "/broadcasts/uu_dai_tet/edit",
    "broadcasts.check": lambda _: "/broadcasts/uu_dai_tet/check",
    "broadcasts.audience": lambda _: "/broadcasts/uu_dai_tet/audience",
    "broadcasts.audience#refused": lambda _: "/broadcasts/uu_dai_tet/audience?reason=no_consent",
    "sends.index#broadcast": lambda _: "/sends?broadcast=ban_tin",
}
