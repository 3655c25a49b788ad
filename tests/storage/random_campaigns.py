"""Campaigns, leads and events at random: valid definitions out of every kind of step, and what befalls a house."""

from typing import Any

from hypothesis import strategies as st

EMAILS = ("hello", "again", "other")
TAGS = ("vip", "gold", "nobody")
CAMPAIGNS = ("one", "two")
ZONES = ("Asia/Ho_Chi_Minh", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "", "Not/AZone")
SEGMENTS = """
everyone: {name: Everyone, when: {none: [{tag: nobody}]}}
vips: {name: VIPs, when: {tag: vip}}
guests: {name: Guests, by_hand: true}
"""
HOUSE = 'quiet_hours: {from: "20:00", to: "07:00"}\ncap: 4 in 7 days\ngap: 2 hours\n'
_JUMP = "jump"

spans = st.sampled_from(["10 minutes", "1 hour", "5 hours", "1 day", "2 days", "1 week"])
_tags = st.sampled_from(TAGS)
_emails = st.sampled_from(EMAILS)
_texts = st.sampled_from(["so", "not interested"])
_times = st.sampled_from(["00:00", "02:30", "09:00", "23:59"])
_days = st.sampled_from(["mon-fri", "sat", "tue,thu", "mon-sun"])
rules = st.one_of(
    _tags.map(lambda tag: {"tag": tag}),
    _emails.map(lambda email: {"clicked": {"email": email}}),
    _emails.map(lambda email: {"opened": {"email": email, "within": "3 days"}}),
    st.just({"none": [{"sent": {"within": "2 days"}}]}),
    st.just({"temperature": "hot"}),
    st.just({"segment": "vips"}),
    st.just({"any": [{"tag": "gold"}, {"score": {"at_least": 20}}]}),
)
_flags = st.booleans()


def _plain() -> st.SearchStrategy[dict[str, Any]]:
    """Steps without ways."""
    return st.one_of(
        _emails.map(lambda email: {"send_email": email}),
        _emails.map(lambda email: {"send_email": {"email": email, "if_held": "skip"}}),
        spans.map(lambda span: {"wait": span}),
        st.builds(lambda time, days: {"wait_until": {"time": time, "days": days}}, _times, _days),
        _times.map(lambda time: {"wait_until": {"time": time}}),
        _tags.map(lambda tag: {"add_tag": tag}),
        _tags.map(lambda tag: {"remove_tag": tag}),
        st.sampled_from(["Huế", None]).map(lambda city: {"change_field": {"field": "city", "to": city}}),
        st.sampled_from([-5, 10, 40]).map(
            lambda points: {"change_score": {"axis": "engagement", "points": points, "reason": "so"}}
        ),
        st.sampled_from([{"add_to_segment": "guests"}, {"remove_from_segment": "guests"}]),
        st.sampled_from(CAMPAIGNS).map(lambda key: {"enroll": key}),
        st.just({"unenroll": "other"}),
        st.just({"open_opportunity": {}}),
        st.just({"open_opportunity": {"propose": True}}),
        st.just({"assign_owner": {"by": "rule"}}),
        st.just({"notify_owner": "Call"}),
        st.just({"task": {"kind": "visit"}}),
        st.just({"send_sms": {"text": "Chào {{ lead.name }}"}}),
        st.just({"webhook": {"url": "https://crm.example.vn/hooks", "name": "crm"}}),
        st.just({"holdout": "50%"}),
        _texts.map(lambda why: {"exit": why}),
        st.builds(lambda most, to: {_JUMP: {"to": to, "at_most": most}}, st.integers(1, 3), st.integers(0, 30)),
    )


def _nested(steps: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    """Steps with ways, which are made of such steps."""
    return st.one_of(
        st.builds(lambda when, a, b: {"branch": {"when": when, "then": a, "else": b}}, rules, steps, steps),
        st.builds(
            lambda one, two, a, b, c: {
                "branch": {"ways": [{"when": one, "then": a}, {"when": two, "then": b}], "else": c}
            },
            rules, rules, steps, steps, steps,
        ),
        st.builds(
            lambda when, span, since, a, b: {
                "wait_for": {"when": when, "within": span, "since": since, "then": a, "else": b}
            },
            rules, spans, st.sampled_from(["here", "entry"]), steps, steps,
        ),
        st.builds(
            lambda heavy, a, b: {
                "split": {"ways": {"a": {"weight": heavy, "steps": a}, "b": {"weight": 3, "steps": b}}}
            },
            st.integers(1, 9), steps, steps,
        ),
        st.builds(
            lambda offset, a, b: {
                "wait_until": {"field": "created_at", "offset": offset, "past": a, "missing": b}
            },
            st.sampled_from(["2 days", "-1 day", "5 hours"]), steps, steps,
        ),
        st.builds(
            lambda span, a, b, c: {
                "task": {"kind": "call", "outcomes": {"done": a, "no_answer": b}, "timeout": {"after": span, "then": c}}
            },
            spans, steps, steps, steps,
        ),
        st.builds(
            lambda span, a, b: {
                "webhook": {
                    "url": "https://crm.example.vn/hooks", "name": "crm", "wait": {"ok": a, "failed": b, "within": span}
                }
            },
            spans, steps, steps,
        ),
    )  # fmt: skip


_leaf = st.lists(_plain(), min_size=0, max_size=2)
_deeper = st.lists(st.one_of(_plain(), _plain(), _nested(_leaf)), min_size=0, max_size=3)
_trunk = st.lists(st.one_of(_plain(), _nested(_deeper)), min_size=1, max_size=6)


@st.composite
def campaigns(draw: st.DrawFn, key: str) -> dict[str, Any]:
    """A campaign as plain data. A jump goes back to a wait that is put before it."""
    steps = _numbered(draw(_trunk), [0])
    _aim(steps, _waits(steps), key)
    entry = draw(
        st.sampled_from(
            [
                {"segment": "everyone", "existing": "enroll"},
                {"segment": "everyone", "existing": "enroll", "again": "after_exit"},
                {"any": [{"tag": "gold"}, {"segment": "vips", "existing": "enroll"}], "again": "after_exit"},
                {"by_hand": True, "again": {"after": "1 day"}},
                {"segment": "guests", "existing": "skip", "again": "after_exit"},
                {"schedule": {"segment": "everyone", "days": "mon-sun", "at": "09:00"}},
                {"any": [{"crossed": {"engagement": 30}}, {"temperature": "hot"}], "again": {"after": "10 minutes"}},
                {"activity": {"left_campaign": {}}, "again": "after_exit"},
                {"any": [{"activity": {"clicked": {}}}, {"activity": {"untagged": {}}}], "again": "after_exit"},
            ]
        )
    )
    sending: dict[str, Any] = {
        "class": draw(st.sampled_from(["advertising", "care"])), "priority": draw(st.integers(1, 9))
    }  # fmt: skip
    if draw(_flags):
        sending["window"] = {"days": "mon-sat", "from": "08:00", "to": "20:00"}
    if draw(_flags):
        sending["cap"] = "2 in 7 days"
    found: dict[str, Any] = {"key": key, "name": key, "entry": entry, "sending": sending}
    if draw(_flags):
        found["exit_when"] = draw(rules)
    if draw(st.integers(0, 3)) == 0:
        found["goal"] = draw(st.one_of(rules, st.just({"opportunity": "opened"})))
    return found | {"steps": steps}


def _numbered(steps: list[dict[str, Any]], count: list[int]) -> list[dict[str, Any]]:
    """The steps with ids of their own; a wait stands before each jump, where none is needed too."""
    found: list[dict[str, Any]] = []
    for step in steps:
        if _JUMP in step:
            count[0] += 1
            found.append({"id": f"s{count[0]}", "wait": "1 day"})
        count[0] += 1
        ((kind, value),) = step.items()
        found.append({"id": f"s{count[0]}", kind: _inside(value, count)})
    return found


def _inside(value: Any, count: list[int]) -> Any:
    """The lists of steps within a step's value, numbered likewise."""
    if isinstance(value, list) and all(isinstance(one, dict) and len(one) == 1 and "when" not in one for one in value):
        return _numbered(value, count)
    if isinstance(value, list):
        return [_inside(one, count) for one in value]
    if isinstance(value, dict):
        return {key: one if key == "when" else _inside(one, count) for key, one in value.items()}
    return value


def _waits(steps: Any) -> list[str]:
    """The ids of all plain waits, in the order of the file."""
    if isinstance(steps, list):
        return [key for one in steps for key in _waits(one)]
    if not isinstance(steps, dict):
        return []
    own = [steps["id"]] if "id" in steps and "wait" in steps and isinstance(steps["wait"], str) else []
    return own + [key for one in steps.values() for key in _waits(one)]


def _aim(steps: Any, waits: list[str], key: str) -> None:
    """Jumps lead to a wait, and whoever is taken out of a campaign is taken out of another one."""
    if isinstance(steps, list):
        for one in steps:
            _aim(one, waits, key)
    if isinstance(steps, dict):
        jump = steps.get(_JUMP)
        if isinstance(jump, dict) and isinstance(jump.get("to"), int):
            jump["to"] = waits[jump["to"] % len(waits)]
        if "unenroll" in steps:
            steps["unenroll"] = next(one for one in CAMPAIGNS if one != key)
        for one in steps.values():
            _aim(one, waits, key)


_leads = st.integers(0, 5)
_of_campaign = st.sampled_from(CAMPAIGNS)
events = st.one_of(
    st.tuples(st.just("run"), st.sampled_from([1, 7, 26, 60, 200])),  # hours
    st.tuples(st.just("run"), st.sampled_from([1, 7, 26, 60, 200])),
    st.tuples(st.just("stand_still"), st.sampled_from([1, 30, 400])),
    st.tuples(st.just("tick"), st.sampled_from([0, 3])),  # hours ahead, the relay does not answer
    st.tuples(st.just("kill"), st.integers(1, 120)),  # at that statement of a tick
    st.tuples(st.just("kill_relay"), st.integers(1, 40)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("click"), _leads, _emails),
    st.tuples(st.just("open"), _leads, _emails),
    st.tuples(st.just("tag"), _leads, _tags),
    st.tuples(st.just("untag"), _leads, _tags),
    st.tuples(st.just("unsubscribe"), _leads),
    st.tuples(st.just("stop_mail"), _leads),
    st.tuples(st.just("resume_mail"), _leads),
    st.tuples(st.just("reply"), _leads),
    st.tuples(st.just("look"), _leads),
    st.tuples(st.just("deal"), _leads),
    st.tuples(st.just("deal_lost"), _leads),
    st.tuples(st.just("task"), st.integers(0, 3), st.sampled_from(["done", "no_answer"])),
    st.tuples(st.just("enroll"), _leads, _of_campaign),
    st.tuples(st.just("take_out"), _leads, _of_campaign),
    st.tuples(st.just("merge"), _leads, _leads),
    st.tuples(st.just("steer"), _of_campaign, st.sampled_from(["pause", "pause", "resume", "resume", "archive"])),
    st.tuples(st.just("edit"), _of_campaign, st.sampled_from(["keep", "move", "restart"])),
)
people = st.lists(
    st.fixed_dictionaries(
        {"zone": st.sampled_from(ZONES), "language": st.sampled_from(["vi", "en"]), "agreed": _flags}
    ),
    min_size=1,
    max_size=6,
)
