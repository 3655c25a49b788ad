"""Examples of the pages of account, today, leads, why, and the way out."""

from tests.browser.visits import Visit


def _lead(tab: str = "", which: str = "of_sales") -> Visit:
    return lambda house: f"/leads/{house.leads[which]}" + (f"?tab={tab}" if tab else "")


VISITS: dict[str, Visit] = {
    "account.login": lambda _: "/login",
    "account.invite": lambda house: f"/invite/{house.invite}",
    "account.reset": lambda house: f"/reset/{house.reset}",
    "account.profile": lambda _: "/me",
    "today.index": lambda _: "/today",
    "leads.index": lambda _: "/leads",
    "leads.index#filtered": lambda _: "/leads?q=nguyen&temperature=cold&owner=none",
    "leads.index#nothing": lambda _: "/leads?q=khongcoaitenthenay",
    "duplicates.index": lambda house: f"/leads/duplicates?one={house.leads['of_sales']}&other={house.leads['lead4']}",
    "duplicates.index#hostile": lambda house: (
        f"/leads/duplicates?one={house.leads['hostile']}&other={house.leads['lead4']}"
    ),
    "duplicates.index#nothing": lambda _: "/leads/duplicates",
    "leads.new": lambda _: "/leads/new",
    "lead.show": _lead(),
    "lead.show#hostile": _lead(which="hostile"),
    "lead.show#score": _lead("score"),
    "lead.show#emails": _lead("emails"),
    "lead.show#info": _lead("info"),
    "lead.show#consents": _lead("consents"),
    "lead.edit": lambda house: f"/leads/{house.leads['of_sales']}/edit",
    "why.show": lambda house: f"/leads/{house.leads['of_sales']}/why",
    "why.show#message": lambda house: f"/leads/{house.leads['lead0']}/why?message={house.messages[0]}",
    "why.show#segment": lambda house: f"/leads/{house.leads['lead5']}/why?segment=new_leads",
    "why.show#campaign": lambda house: f"/leads/{house.leads['lead0']}/why?campaign=welcome_series",
    "segments.index": lambda _: "/segments",
    "segments.show": lambda _: "/segments/new_leads",
    "segments.show#checked": lambda _: "/segments/new_leads?lead=nobody@example.com",
    "segments.members": lambda _: "/segments/new_leads/members",
    "public.leave": lambda house: f"/u/{house.unsubscribe}",
}
