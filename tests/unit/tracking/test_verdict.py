"""Who made a hit: tables of what tells machines from people, and the rules as properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.kernel.i18n import LANGUAGES
from nurture.messages.links import TRAP
from nurture.tracking.company import BURST, SWEEP
from nurture.tracking.model import Hit, Judgement, Verdict
from nurture.tracking.verdict import SENTENCES, SETTLING, VERSION, judge, neighbors_of, sentence

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
READER = {"accept-language": "yes"}


def hit(
    kind: str = "click",
    *,
    link: int | None = 0,
    after: float = 0,
    agent: str = CHROME,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    ip: str = "203.0.113.0/24",
) -> Hit:
    """A hit some seconds after NOW."""
    at = NOW + timedelta(seconds=after)
    return Hit("k", kind, 1, link if kind == "click" else None, None, at, at, method, agent, ip, headers or {})


def judged(
    one: Hit, *others: Hit, waited: float = 0, sent: float | None = -3600, links: int | None = None
) -> Judgement:
    """The judgement some seconds after the hit, of a message sent at `sent` seconds from NOW."""
    sent_at = None if sent is None else NOW + timedelta(seconds=sent)
    real = one.at + timedelta(seconds=waited)
    return judge(one, neighbors_of([one, *others]), real=real, sent_at=sent_at, links=links)


@pytest.mark.parametrize(
    ("one", "verdict", "reason"),
    [
        (hit(), Verdict.HUMAN, "plausible"),
        (hit(agent=IPHONE), Verdict.HUMAN, "plausible"),
        (hit(agent=IPHONE + " Zalo iOS/485 ZaloTheme/light"), Verdict.HUMAN, "plausible"),
        (
            hit(agent=CHROME.replace("Windows NT 10.0; Win64; x64", "Linux; Android 7.0; CUBOT_P20")),
            Verdict.HUMAN,
            "plausible",
        ),
        (hit("open"), Verdict.HUMAN, "plausible"),
        (hit("open", agent=OUTLOOK), Verdict.HUMAN, "plausible"),
        (hit("open", agent=GMAIL), Verdict.PROXY, "image_proxy:Gmail"),
        (hit("open", agent=YAHOO), Verdict.PROXY, "image_proxy:Yahoo"),
        (hit("open", agent="Mozilla/5.0"), Verdict.PROXY, "image_proxy:Apple"),
        (hit(agent="Mozilla/5.0"), Verdict.SUSPECT, "bare_agent"),
        (hit(agent=GMAIL), Verdict.MACHINE, "scanner:Gmail"),  # it fetches pictures, it follows no links
        (hit(agent=""), Verdict.SUSPECT, "no_agent"),
        (hit(method="HEAD"), Verdict.MACHINE, "method:HEAD"),
        (hit(method="OPTIONS"), Verdict.MACHINE, "method:OPTIONS"),
        (hit("open", method="HEAD", agent=GMAIL), Verdict.MACHINE, "method:HEAD"),
        (hit(headers={"sec-purpose": "prefetch;prerender"}), Verdict.MACHINE, "prefetch"),
        (hit(headers={"purpose": "prefetch"}), Verdict.MACHINE, "prefetch"),
        (hit(headers={"x-moz": "prefetch"}), Verdict.MACHINE, "prefetch"),
        (hit(headers={"x-purpose": "preview"}), Verdict.MACHINE, "prefetch"),
        (hit(agent="BarracudaCentral/1.0"), Verdict.MACHINE, "scanner:Barracuda"),
        (hit(agent="Microsoft Office Existence Discovery"), Verdict.MACHINE, "scanner:Office"),
        (hit("open", agent="Microsoft Office Existence Discovery"), Verdict.MACHINE, "scanner:Office"),
        (hit(agent=CHROME.replace("Chrome", "HeadlessChrome")), Verdict.MACHINE, "scanner:headless"),
        (hit(agent="python-requests/2.31"), Verdict.MACHINE, "crawler:python-requests"),
        (hit(agent="curl/8.0"), Verdict.MACHINE, "crawler:curl"),
        (hit(headers={"sec-fetch-mode": "navigate"}), Verdict.HUMAN, "plausible"),
        (hit(headers={"sec-fetch-mode": "no-cors"}), Verdict.MACHINE, "not_followed:no-cors"),
        (hit("open", headers={"sec-fetch-mode": "no-cors"}), Verdict.HUMAN, "plausible"),  # as pictures are
        (hit(link=TRAP), Verdict.MACHINE, "trap"),
        (hit(agent=f"{CHROME} Wunderbar/3.1"), Verdict.SUSPECT, "odd_agent"),
        (hit(agent=f"{CHROME} LinkChecker/2.0"), Verdict.MACHINE, "crawler:linkchecker"),
        (hit(agent=f"{CHROME} BingPreview/1.0b"), Verdict.MACHINE, "scanner:Outlook"),
        (hit("open", agent="Mozilla/4.0 (compatible; ms-office; MSOffice 16)"), Verdict.HUMAN, "plausible"),
        (hit("open", agent="RamblerMail/6.0 (incompatible; ImageProxy/6.0)"), Verdict.PROXY, "image_proxy:Rambler"),
        (
            hit(agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
            Verdict.MACHINE,
            "crawler",
        ),
    ],
)
def test_a_hit_by_itself(one: Hit, verdict: Verdict, reason: str) -> None:
    """Method, headers and agent decide; a lone plausible click is a person's at once."""
    found = judged(one)
    assert found.verdict is verdict
    assert found.reasons[0].startswith(reason)
    assert found.version == VERSION


@pytest.mark.parametrize(
    ("after", "verdict"),
    [(-0.5, Verdict.SUSPECT), (0.0, Verdict.SUSPECT), (0.9, Verdict.SUSPECT), (1.0, Verdict.HUMAN)],
)
def test_a_click_within_a_second_of_sending_is_suspect(after: float, verdict: Verdict) -> None:
    """Nobody reads so fast. The hand-over may be noted a little after the click it led to."""
    assert judged(hit(after=after), sent=0).verdict is verdict


def test_without_a_time_of_sending_speed_says_nothing() -> None:
    """The message may be gone."""
    assert judged(hit(), sent=None).verdict is Verdict.HUMAN


@pytest.mark.parametrize(
    ("one", "verdict", "reasons"),
    [
        (hit(headers=READER), Verdict.HUMAN, ("cleared", "too_fast")),
        (hit(), Verdict.MACHINE, ("unsettled", "too_fast")),
        (hit(agent="", headers=READER), Verdict.MACHINE, ("unsettled", "no_agent")),
        (hit(agent="Mozilla/5.0", headers=READER), Verdict.MACHINE, ("unsettled", "bare_agent")),
        (hit(agent=f"{CHROME} Wunderbar/3.1", headers=READER), Verdict.HUMAN, ("cleared", "odd_agent")),
        (hit(agent=f"{CHROME} Wunderbar/3.1"), Verdict.MACHINE, ("unsettled", "odd_agent")),
    ],
    ids=["fast-with-languages", "fast-without", "no-agent", "bare-agent", "odd-with-languages", "odd-without"],
)
def test_no_suspect_of_its_own_stays_one_after_the_settling_time(
    one: Hit, verdict: Verdict, reasons: tuple[str, ...]
) -> None:
    """A browser that speaks its reader's languages is cleared, everything else is a machine's."""
    assert judged(one, sent=0, waited=SETTLING.total_seconds() - 1).verdict is Verdict.SUSPECT
    found = judged(one, sent=0, waited=SETTLING.total_seconds())
    assert (found.verdict, found.reasons) == (verdict, reasons)


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        ([hit(link=1, after=2)], Verdict.MACHINE),
        ([hit(link=1, after=-3)], Verdict.MACHINE),
        ([hit(link=1, after=3.1)], Verdict.HUMAN),
        ([hit(link=0, after=0.01)], Verdict.HUMAN),  # the same link, twice
        ([hit("open", after=0.5)], Verdict.HUMAN),  # the picture loads while one reads
        ([hit(link=1, after=0.5, agent=IPHONE, ip="198.51.100.0/24")], Verdict.MACHINE),  # scanners change their dress
        ([hit(link=1, after=0.5, method="HEAD")], Verdict.MACHINE),  # from the same network
        ([hit(link=1, after=0.5, agent="BarracudaCentral/1.0", ip="198.51.100.0/24")], Verdict.HUMAN),
        ([hit(link=0, after=0.005, agent="BarracudaCentral/1.0", ip="198.51.100.0/24")], Verdict.HUMAN),
    ],
    ids=[
        "another-link", "just-within", "just-after", "same-link", "open", "other-network", "same-network-head",
        "a-known-scanner-beside", "a-known-scanner-on-the-same-link",
    ],
)  # fmt: skip
def test_a_click_in_company(others: list[Hit], verdict: Verdict) -> None:
    """Different links of one message within three seconds are a scanner's, before or after."""
    assert judged(hit(), *others).verdict is verdict


@pytest.mark.parametrize(
    ("times", "links", "reasons"),
    [
        ((0, 10, 20), 3, ["plausible"] * 3),  # a person who reads on
        ((0, 3.1, 6.2), 3, ["plausible"] * 3),  # quick, but three links are few
        ((0, 5), 2, ["plausible"] * 2),
        ((0, 3.3, 6.6, 10), 4, ["sweep:10"] * 4),
        ((0, 3.3, 6.6, 10.1), 4, ["plausible"] * 4),
        ((0, 10, 20, 30), 4, ["plausible"] * 4),
        ((0, 5, 10, 15, 20), 5, ["plausible"] * 5),  # the third has all within ten seconds, but on both sides
        ((0, 3.3, 6.6, 10), 7, ["sweep:10"] * 4),  # four of seven are most
        ((0, 3.3, 6.6, 10), 8, ["plausible"] * 4),
        ((0, 3.3, 6.6, 10), None, ["plausible"] * 4),
        ((0, 1, 2, 8), 4, ["burst:3", "burst:3", "burst:3", "sweep:10"]),  # a straggler
    ],
)
def test_most_links_within_ten_seconds_are_a_machines(
    times: tuple[float, ...], links: int | None, reasons: list[str]
) -> None:
    """At least four, and more than half of the mail's, between the first and the last; all else is a reader's pace."""
    group = [hit(link=number, after=after) for number, after in enumerate(times)]
    assert [judged(one, *group, waited=60, links=links).reasons[0] for one in group] == reasons


def test_one_link_over_and_over_is_no_sweep() -> None:
    """What counts is how many different ones."""
    group = [hit(link=0, after=number) for number in range(8)]
    assert {judged(one, *group, links=1).verdict for one in group} == {Verdict.HUMAN}


def test_a_sweep_is_judged_as_a_whole() -> None:
    """Its last click comes before the first is settled."""
    assert SWEEP < SETTLING


clicks = st.builds(
    hit,
    link=st.integers(0, 3),
    after=st.integers(0, 400).map(lambda tenths: tenths / 10),
    agent=st.sampled_from([CHROME, IPHONE, OUTLOOK, GMAIL, "", "Mozilla/5.0", "curl/8.0", "BarracudaCentral/1.0"]),
    method=st.sampled_from(["GET", "GET", "GET", "HEAD"]),
    headers=st.sampled_from([{}, READER, {"purpose": "prefetch"}]),
    ip=st.sampled_from(["203.0.113.0/24", "198.51.100.0/24"]),
)


@given(st.lists(clicks, min_size=1, max_size=8), st.integers(0, 30))
def test_company_never_makes_a_click_look_better(group: list[Hit], waited: int) -> None:
    """What is a machine's alone is a machine's in company, and only company or time turns a person into one."""
    one = group[0]
    alone, among = judged(one, waited=waited), judged(one, *group[1:], waited=waited)
    assert among.verdict in {alone.verdict, Verdict.MACHINE}
    if among.verdict is not alone.verdict:
        assert among.reasons[0].partition(":")[0] in {"burst", "sweep"}


@given(st.lists(clicks, min_size=2, max_size=8))
def test_a_burst_is_judged_as_the_definition_says(group: list[Hit]) -> None:
    """The quick index gives what looking at each pair gives, for plausible clicks."""
    plausible = [one for one in group if judged(one).verdict is Verdict.HUMAN]
    for one in plausible:
        expected = any(abs(one.at - other.at) <= BURST and one.link != other.link for other in plausible)
        assert (judged(one, *plausible).verdict is Verdict.MACHINE) == expected


@given(st.lists(clicks, min_size=1, max_size=6))
def test_a_settled_verdict_is_never_suspect(group: list[Hit]) -> None:
    """Twenty seconds are enough to say yes or no."""
    assert judged(group[0], *group[1:], waited=20, sent=0).verdict is not Verdict.SUSPECT


@given(st.text(max_size=120), st.sampled_from(["open", "click"]))
def test_no_agent_crashes_it(agent: str, kind: str) -> None:
    """Agents are whatever a stranger writes."""
    assert judged(hit(kind, agent=agent)).verdict in set(Verdict)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_a_sentence(language: str) -> None:
    """Codes are for machines."""
    said = {sentence(f"{code}:Barracuda", language) for code in SENTENCES}
    assert len(said) == len(SENTENCES)
    assert "Barracuda" in sentence("scanner:Barracuda", language)
