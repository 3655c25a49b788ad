"""Made-up values for looking at mails that staff get, which bring what they are about with them. Pure."""

from typing import Any

from nurture.kernel.i18n import N_, translate

_PHONE = "+84901234567"


def staff_sample(language: str, base_url: str) -> dict[str, Any]:
    """What mails to staff may ask for beside owner and house: one hot lead, two tasks, a link."""
    person: dict[str, Any] = {
        "lead_name": "Nguyễn Thị Mai", "honorific": "chị", "company": "Công ty An Phát", "phone": _PHONE,
        "phone_shown": "0901 234 567", "url": f"{base_url}/leads",
    }  # fmt: skip

    def said(message: str) -> str:
        return translate(language, message)

    alert = {
        **person,
        "zalo_url": "https://zalo.me/84901234567",
        "product": "",
        "last_contact": "",
        "next_mail": "",
        "reasons": [{"text": said(N_("Looked at the price list three times")), "time": "08:05"}],
        "reply": [said(N_("Thank you, please call me this afternoon."))],
        "refusal": "",
    }
    tasks = [
        {**person, "title": said(title), "due": due, "note": ""}
        for title, due in ((N_("Call back"), "08:00"), (N_("Send the quote"), "14:00"))
    ]
    link = f"{base_url}/login"
    title = said(N_("Call back"))
    return {
        "alert": alert, "alerts": [alert], "tasks": tasks, "link": link, "url": person["url"], "title": title,
        "person": {}, "details": {},
    }  # fmt: skip
