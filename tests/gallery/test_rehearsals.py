"""Golden rehearsals: each campaign of the gallery played with a few leads, who do what is written here.

All begin on Monday, 23 November 2026, at eight in the morning in Hanoi, unless a test says otherwise.
"""

from datetime import UTC, datetime, timedelta

from nurture.campaigns.draw import draw
from nurture.leads.model import Lifecycle
from nurture.rehearsal.model import Does
from tests.gallery.ground import act, lead, play, said


def test_welcome_series() -> None:
    """A reminder only for those who did not click; whoever refuses gets nothing more, and still comes to the end."""
    told = play(
        "welcome_series",
        [lead("an"), lead("binh"), lead("chi")],
        act("an", Does.CLICKS, hours=3, email="welcome_series_hello"),
        act("chi", Does.UNSUBSCRIBES, hours=5),
        days=6,
    )
    assert told.mails == {
        "an": ["Mon 23/11 08:00 hello", "Sat 28/11 08:00 guide"],
        "binh": ["Mon 23/11 08:00 hello", "Wed 25/11 08:00 reminder", "Sat 28/11 08:00 guide"],
        "chi": ["Mon 23/11 08:00 hello"],
    }
    assert told.ways("did_they_click") == {"then": 1, "else": 2}
    assert told.skipped("remind") == told.skipped("guide") == {"unsubscribed": 1}
    assert told.tags == {"an": ("engaged",)}
    assert told.ends == dict.fromkeys(("an", "binh", "chi"), "done")


def test_cold_low_risk_offer() -> None:
    """The welcome of new leads comes first; who did not read the guide gets more time; who warms up has arrived."""
    told = play(
        "cold_low_risk_offer",
        [lead("an"), lead("binh"), lead("chi")],
        act("an", Does.CLICKS, days=12, hours=1),
        act("chi", Does.OPENS, days=12, hours=1),
        act("chi", Does.CLICKS, days=12, hours=2, link="/cam-nang"),
        act("chi", Does.CLICKS, days=12, hours=3, link="/bai-viet"),
        days=27,
    )
    assert told.mails == {
        "an": ["Sat 05/12 08:00 guide", "Wed 09/12 08:00 trial"],
        "binh": ["Sat 05/12 08:00 guide", "Sat 19/12 08:00 trial"],
        "chi": ["Sat 05/12 08:00 guide"],
    }
    assert told.ends == {"an": "done", "binh": "done", "chi": "goal_reached"}
    assert told.tags == {"an": ("interested",)}
    assert told.report.goal == 1


def test_re_engagement() -> None:
    """Three mails and silence; an open gives a week more; a click in the last call or the good-bye brings one back."""
    told = play(
        "re_engagement",
        [lead("an"), lead("binh"), lead("chi"), lead("dung")],
        act("binh", Does.OPENS, days=1),
        act("chi", Does.CLICKS, days=7, hours=2, link="/tiep-tuc-nhan-tin"),
        act("dung", Does.CLICKS, days=15, email="re_engagement_goodbye"),
        days=25,
    )
    three = ["Mon 23/11 08:00 miss_you", "Mon 30/11 08:00 last_call", "Mon 07/12 08:00 goodbye"]
    assert told.mails == {
        "an": three,
        "binh": ["Mon 23/11 08:00 miss_you", "Mon 07/12 08:00 last_call", "Mon 14/12 08:00 goodbye"],
        "chi": three[:2],
        "dung": three,
    }
    assert told.ends == {"an": "done", "binh": "done", "chi": "goal_reached", "dung": "goal_reached"}
    assert told.tags == {"an": ("dormant",), "binh": ("dormant",)}
    assert told.kept["sunset"] == {"an", "binh"}


def test_hot_lead_handoff() -> None:
    """What came of the call decides; whom nobody calls, the owner is told of, twice, and then it ends."""
    told = play(
        "hot_lead_handoff",
        [lead("an"), lead("binh"), lead("chi"), lead("dung")],
        said("an", "interested", hours=2),
        said("binh", "no_answer", hours=2),
        said("binh", "no_need", days=4, hours=2),
        said("chi", "call_back", hours=2),
        said("chi", "interested", days=1, hours=4),
        days=5,
    )
    assert [(one.step, one.reason, one.count) for one in told.report.shifts if one.outcome == "later"] == [
        ("missed", "holiday", 1)
    ]
    intro = "Mon 23/11 08:00 intro"
    assert told.mails == {
        "an": [intro],
        "binh": [intro, "Wed 25/11 08:00 missed"],  # Tuesday is Vietnam Cultural Day
        "chi": [intro],
        "dung": [intro],
    }
    assert told.ways("call") == {"interested": 2, "no_answer": 1, "not_interested": 1, "call_back": 1, "timeout": 2}
    assert told.ways("propose") == {"done": 2}
    assert told.ways("once_more") == {"again": 1, "done": 1}
    assert told.ends == {"an": "done", "binh": "exit_step", "chi": "done", "dung": "done"}
    assert told.tags["binh"] == ("handed-off", "not-now")
    assert told.report.stays == []


def test_trial_onboarding() -> None:
    """The end of the trial is told of three days before; help comes only to those who have not begun."""
    told = play(
        "trial_onboarding",
        [
            lead("an", "trial", trial_ends_on="2026-12-07"),
            lead("binh", "trial", trial_ends_on="2026-12-07"),
            lead("chi", "trial"),
            lead("dung", "trial", trial_ends_on="2026-11-27"),
            lead("giang", "trial", trial_ends_on="2026-12-07", lifecycle=Lifecycle.CUSTOMER),
        ],
        act("an", Does.CLICKS, hours=3),
        act("an", Does.CLICKS, days=11, hours=3, email="trial_onboarding_ending"),
        days=24,
    )
    late = ["Mon 23/11 08:00 start", "Wed 25/11 08:00 help", "Sat 28/11 08:00 tip"]
    assert told.mails == {
        "an": ["Mon 23/11 08:00 start", "Thu 26/11 11:00 tip", "Fri 04/12 09:00 ending"],
        "binh": [*late, "Fri 04/12 09:00 ending"],
        "chi": [*late, "Sat 12/12 08:00 ending"],
        "dung": late,  # too late for a word three days before the end
        "giang": [],  # bought already
    }
    assert told.ways("decision") == {"then": 1, "else": 2}
    assert told.ways("ask") == {"done": 1}
    assert told.ends == {"an": "done", "binh": "done", "chi": "done", "dung": "exit_step", "giang": "goal_reached"}
    assert told.tags == {"giang": ("trial",)}


def test_lead_magnet() -> None:
    """It comes at once, again to those who did not fetch it, and each then gets one of two follow-ups."""
    names = ["an", "binh", "chi", "dung", "giang", "hoa", "khoa", "lan"]
    told = play(
        "lead_magnet",
        [lead(name) for name in names],
        act("an", Does.CLICKS, hours=2),
        act("lan", Does.UNSUBSCRIBES, days=1),
        days=9,
    )
    ways = told.ways("story_or_checklist")
    assert told.ways("picked_up") == {"then": 1, "else": 7}
    assert sum(ways.values()) == 8
    assert set(ways) == {"story", "checklist"}
    first, again = "Mon 23/11 08:00 deliver", "Thu 26/11 08:00 reminder"
    assert told.mails["an"] in ([first, f"Fri 27/11 10:00 {way}"] for way in ways)
    for name in names[1:-1]:
        assert told.mails[name] in ([first, again, f"Mon 30/11 08:00 {way}"] for way in ways)
    assert told.mails["lan"] == [first]
    assert told.skipped("remind") == {"unsubscribed": 1}
    assert told.report.sent == 8 + 6 + 7
    assert told.ends == dict.fromkeys(names, "done")


def test_webinar() -> None:
    """Reminders on the day before and at seven, on a Sunday too; those that would be late are left out."""
    told = play(
        "webinar",
        [
            lead("an", "webinar", webinar_on="2026-11-27"),
            lead("binh", "webinar", "webinar-attended", webinar_on="2026-11-27"),
            lead("chi", "webinar", webinar_on="2026-11-23"),
            lead("dung", "webinar"),
            lead("giang", "webinar", webinar_on="2026-11-30"),
            lead("hoa", "webinar", webinar_on="2026-11-22"),
        ],
        days=9,
    )
    confirm = "Mon 23/11 08:00 confirm"
    friday = [confirm, "Thu 26/11 09:00 tomorrow", "Fri 27/11 19:00 tonight"]
    assert told.mails == {
        "an": [*friday, "Sat 28/11 09:00 recording"],
        "binh": [*friday, "Sat 28/11 09:00 thanks"],
        "chi": [confirm, "Mon 23/11 19:00 tonight", "Tue 24/11 09:00 recording"],
        "dung": [confirm],
        "giang": [
            confirm, "Sun 29/11 09:00 tomorrow", "Mon 30/11 19:00 tonight", "Tue 01/12 09:00 recording",
        ],
        "hoa": [confirm, "Mon 23/11 09:00 recording"],
    }  # fmt: skip
    assert told.ways("attended") == {"done": 1}
    assert told.points["binh"] == 20
    assert told.ends == {**dict.fromkeys(("an", "binh", "chi", "giang", "hoa"), "done"), "dung": "exit_step"}
    assert told.tags == {"dung": ("webinar",)}


def test_demo_no_show() -> None:
    """A word two hours later; a click asks the owner to fix the time, silence to call. A reply stops the mail."""
    told = play(
        "demo_no_show",
        [lead(name, "demo-no-show") for name in ("an", "binh", "chi", "dung", "giang", "hoa")],
        act("an", Does.CLICKS, hours=4),
        said("chi", "no_answer", days=2, hours=7),
        said("dung", "no_need", days=2, hours=7),  # which stands for “not interested”
        said("giang", "interested", days=2, hours=7),  # which stands for “done”
        act("hoa", Does.REPLIES, hours=3),
        days=6,
    )
    missed = "Mon 23/11 10:00 missed"
    assert told.mails == {
        "an": [missed],
        "binh": [missed, "Sat 28/11 10:00 last"],
        "chi": [missed, "Wed 25/11 15:00 last"],
        "dung": [missed],
        "giang": [missed],
        "hoa": [missed],
    }
    assert told.ways("call") == {"no_answer": 1, "not_interested": 1, "done": 1, "timeout": 2}
    assert told.ends == {
        "an": "done", "binh": "done", "chi": "done", "dung": "exit_step", "giang": "done", "hoa": "at nobody_called",
    }  # fmt: skip
    assert [(one.step, one.held, one.count) for one in told.report.stays] == [("nobody_called", "replied", 1)]
    assert told.tags == {"hoa": ("demo-no-show",)}


def test_win_back() -> None:
    """News, then an offer for those who did not look; whoever clicks is proposed to the owner. Some hear nothing."""
    names = [f"khach{number}" for number in range(1, 13)]
    told = play(
        "win_back",
        [lead(name, lifecycle=Lifecycle.CUSTOMER) for name in names],
        *(act(name, Does.CLICKS, days=1, email="win_back_news") for name in names[:6]),
        *(act(name, Does.CLICKS, days=11, email="win_back_offer") for name in names[6:8]),
        days=25,
    )
    alone = {name for name in names if draw("holdout", "win_back", "left_alone", told.keys[name]) < 0.1}
    assert 1 <= len(alone) <= 4
    news, offer = "Mon 23/11 08:00 news", "Thu 03/12 08:00 offer"
    for number, name in enumerate(names):
        mails = [news] if number < 6 else [news, offer]
        assert told.mails[name] == ([] if name in alone else mails)
        assert told.ends[name] == ("done" if number < 8 and name not in alone else "exit_step")
    assert told.skipped("news") == told.skipped("offer") == {"holdout": len(alone)}
    assert told.ways("propose") == {"done": len([name for name in names[:8] if name not in alone])}


def test_birthday() -> None:
    """At eight on the day itself, Sundays too, nobody before; on a day of the Tết stop it is left out, not late."""
    told = play(
        "birthday",
        [
            lead("an", birthday="1990-02-17"),
            lead("binh", birthday="1988-02-21"),
            lead("chi", birthday="1992-02-18", lifecycle=Lifecycle.CUSTOMER),
            lead("dung", birthday="2000-02-29"),
            lead("giang", birthday="1985-02-08"),
            lead("hoa"),
        ],
        days=24,
        look=timedelta(hours=2),
        start=datetime(2027, 2, 4, 23, 0, tzinfo=UTC),
        enters=False,
    )
    assert told.mails == {
        "an": ["Wed 17/02 08:00 greeting"],
        "binh": ["Sun 21/02 08:00 greeting"],
        "chi": ["Thu 18/02 08:00 greeting"],
        "dung": ["Sun 28/02 08:00 greeting"],
        "giang": [],
        "hoa": [],
    }
    assert told.report.enrolled == 5
    assert told.skipped("greeting") == {"holiday": 1}
    assert told.ways("by_hand") == {"done": 1}
    assert told.ends == dict.fromkeys(("an", "binh", "chi", "dung", "giang"), "done")


def test_post_sale_upsell() -> None:
    """Nothing is sold before somebody has asked; who is not happy leaves, and their owner knows."""
    told = play(
        "post_sale_upsell",
        [lead(name, lifecycle=Lifecycle.CUSTOMER) for name in ("an", "binh", "chi", "dung")],
        said("an", "happy", days=24, hours=2),
        act("an", Does.CLICKS, days=24, hours=7, email="post_sale_upsell_next"),
        said("chi", "unhappy", days=24, hours=2),
        said("dung", "no_answer", days=24, hours=2),
        days=43,
    )
    thanks = "Thu 26/11 08:00 thanks"
    assert told.mails == {
        "an": [thanks, "Thu 17/12 10:00 next"],
        "binh": [thanks, "Thu 24/12 08:00 next", "Mon 04/01 08:00 friends"],
        "chi": [thanks],
        "dung": [thanks, "Thu 17/12 10:00 next", "Mon 28/12 08:00 friends"],
    }
    assert told.ways("how_is_it") == {"happy": 1, "unhappy": 1, "no_answer": 1, "timeout": 1}
    assert told.ways("propose") == {"done": 1}
    assert told.ends == {"an": "done", "binh": "done", "chi": "exit_step", "dung": "done"}
    assert told.tags == {"chi": ("can-cham-soc",)}
