"""Who made a hit: a person, a machine, a proxy, or not sure yet. Pure; VERSION grows with every change of the rules.

First each hit by itself: method, headers, agent, time since sending. Then among its neighbors, the other clicks on the
same message: different links within three seconds, or most links of a mail with several within ten, are a scanner's.
What is suspect is cleared or condemned when the settling time is over.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from crawlerdetect import CrawlerDetect

from nurture.kernel.i18n import N_, translate
from nurture.tracking.model import Hit, Judgement, Verdict

VERSION = 2  # 1 took every link within a minute for a machine's, and so people who read on
SETTLING = timedelta(seconds=20)  # real time
# To follow another link a person looks at the page, goes back, finds the next one: hardly ever under three seconds. Of
# four links the last then comes after nine, so four within ten are a program's that waits between them, or the
# stragglers of a burst. The settling time is longer, so that all of a sweep are judged together.
BURST = timedelta(seconds=3)
SWEEP = timedelta(seconds=10)  # from the first to the last
SWEEP_LINKS = 4  # fewer at this pace are a person's; and they are more than half of the mail's
TOO_FAST = timedelta(seconds=1)

SENTENCES: dict[str, str] = {
    "plausible": N_("A reader's browser or mail app"),
    "cleared": N_("Looked odd at first, and nothing else spoke against it"),
    "image_proxy": N_("The mail provider's image proxy fetched it (%(what)s)"),
    "method": N_("Only asked about the link, did not open it (%(what)s)"),
    "prefetch": N_("Fetched ahead of time by a browser or preview"),
    "scanner": N_("A security scanner (%(what)s)"),
    "crawler": N_("A program, not a browser (%(what)s)"),
    "no_agent": N_("Does not say what program it is"),
    "bare_agent": N_("Names no real browser"),
    "too_fast": N_("Came within a second of sending, before anybody could read"),
    "burst": N_("Several links of the mail were followed within %(what)s seconds"),
    "sweep": N_("Most links of the mail were followed within %(what)s seconds"),
    "every_link": N_("Every link of the mail was followed within a minute"),  # of version 1
    "unsettled": N_("Odd, and nothing spoke for a person within the settling time"),
}

# Marker in the agent (lower case) -> the proxy's name. They fetch pictures for a reader, or ahead of one.
_IMAGE_PROXIES = {"googleimageproxy": "Gmail", "yahoomailproxy": "Yahoo", "ggpht.com": "Gmail"}
_BARE = {"mozilla/5.0", "mozilla/4.0", "mozilla"}
# Agents of security gateways and link checkers that crawlerdetect may not know.
_SCANNERS = {
    "barracuda": "Barracuda", "proofpoint": "Proofpoint", "mimecast": "Mimecast", "safelinks": "Safe Links",
    "office existence discovery": "Office", "ms-office": "Office", "symantec": "Symantec", "messagelabs": "Symantec",
    "trendmicro": "Trend Micro", "trend micro": "Trend Micro", "bitdefender": "Bitdefender", "sophos": "Sophos",
    "zscaler": "Zscaler", "forcepoint": "Forcepoint", "websense": "Forcepoint", "fortiguard": "FortiGuard",
    "fortimail": "FortiMail", "cloudmark": "Cloudmark", "spamhaus": "Spamhaus", "ironport": "Cisco",
    "kaspersky": "Kaspersky", "urlscan": "urlscan", "virustotal": "VirusTotal", "phishtank": "PhishTank",
    "netcraft": "Netcraft", "checkpoint": "Check Point", "headless": "headless", "phantomjs": "PhantomJS",
    "selenium": "Selenium", "puppeteer": "Puppeteer", "playwright": "Playwright",
}  # fmt: skip
# Mail apps that crawlerdetect calls crawlers though a reader sits before them: their opens count.
_MAIL_APPS = ("microsoft outlook", "outlook-ios", "outlook-android", "macoutlook", "thunderbird", "microsoft office")


def judge(
    hit: Hit, neighbors: "Neighbors", *, real: datetime, sent_at: datetime | None = None, links: int | None = None
) -> Judgement:
    """The verdict on a hit as of `real`. `sent_at`: when the message was handed over (real time); `links`: how many
    tracked links it has; both None when not known. Once `real` is past the settling time nothing stays suspect.
    """
    alone = judge_alone(hit, sent_at)
    if alone.verdict in {Verdict.MACHINE, Verdict.PROXY}:
        return alone
    if hit.kind == "click":
        company = neighbors.speak_against(hit, links)
        if company:
            return _judgement(Verdict.MACHINE, company)
    if alone.verdict is Verdict.SUSPECT and real - hit.at >= SETTLING:
        return _settled(hit, alone)
    return alone


def judge_alone(hit: Hit, sent_at: datetime | None = None) -> Judgement:
    """The verdict on a hit of which nothing else is known."""
    if hit.method != "GET":
        return _judgement(Verdict.MACHINE, f"method:{hit.method}")
    if _prefetch(hit):
        return _judgement(Verdict.MACHINE, "prefetch")
    verdict, reason = _of_agent(hit.agent, hit.kind)
    if verdict is Verdict.HUMAN and sent_at is not None and hit.at - sent_at < TOO_FAST:
        return _judgement(Verdict.SUSPECT, "too_fast")
    return _judgement(verdict, reason)


def sentence(reason: str, language: str) -> str:
    """A reason's code in words."""
    code, _, what = reason.partition(":")
    return translate(language, SENTENCES.get(code, code), what=what)


def _judgement(verdict: Verdict, *reasons: str) -> Judgement:
    return Judgement(verdict, reasons, VERSION)


def _settled(hit: Hit, alone: Judgement) -> Judgement:
    """A suspect on its own whose time is over: a named browser with the languages of its reader is cleared."""
    if "too_fast" in alone.reasons and hit.headers.get("accept-language"):
        return _judgement(Verdict.HUMAN, "cleared", *alone.reasons)
    return _judgement(Verdict.MACHINE, "unsettled", *alone.reasons)


def _prefetch(hit: Hit) -> bool:
    said = " ".join(hit.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")).lower()
    return any(word in said for word in ("prefetch", "prerender", "preview"))


@lru_cache(maxsize=8192)
def _of_agent(agent: str, kind: str) -> tuple[Verdict, str]:
    """What the agent alone tells, with the reason."""
    low = agent.lower()
    if not low:
        return Verdict.SUSPECT, "no_agent"
    proxy = _marked(low, _IMAGE_PROXIES)
    if proxy or (low in _BARE and kind == "open"):
        name = proxy or "Apple"
        return (Verdict.PROXY, f"image_proxy:{name}") if kind == "open" else (Verdict.MACHINE, f"scanner:{name}")
    if low in _BARE:
        return Verdict.SUSPECT, "bare_agent"
    scanner = _marked(low, _SCANNERS)
    if scanner:
        return Verdict.MACHINE, f"scanner:{scanner}"
    if kind == "open" and any(app in low for app in _MAIL_APPS):
        return Verdict.HUMAN, "plausible"
    crawler = _crawler(agent)
    if crawler:
        return Verdict.MACHINE, f"crawler:{crawler}"
    return (Verdict.HUMAN, "plausible") if "/" in low else (Verdict.SUSPECT, "bare_agent")


def _marked(agent: str, markers: dict[str, str]) -> str:
    return next((name for marker, name in markers.items() if marker in agent), "")


def _crawler(agent: str) -> str:
    """The part of the agent that crawlerdetect knows, or empty."""
    detector = CrawlerDetect()  # it remembers its last match: one for each question
    return str(detector.get_matches() or "bot")[:40] if detector.is_crawler(agent) else ""


class Neighbors:
    """The clicks on one message, ordered so that a question about one of them costs little.

    A click that is a machine's by itself speaks against another only if it came from the same network or by the same
    agent: a scanner at work beside the reader does not make the reader one.
    """

    def __init__(self, clicks: Iterable[Hit] = ()) -> None:
        # side -> link -> times; a side is everybody plausible, one network, or one agent
        self._times: dict[tuple[str, str], dict[int | None, list[datetime]]] = defaultdict(lambda: defaultdict(list))
        for hit in sorted((one for one in clicks if one.kind == "click"), key=lambda one: one.at):
            for side in self._sides(hit):
                self._times[side][hit.link].append(hit.at)

    @staticmethod
    def _sides(hit: Hit) -> tuple[tuple[str, str], ...]:
        if judge_alone(hit).verdict is Verdict.MACHINE:
            return ("network", hit.ip), ("agent", hit.agent)
        return (("all", ""),)

    def speak_against(self, hit: Hit, links: int | None) -> str:
        """The reason why this click is a machine's in its company, or empty."""
        near = self._near(hit, SWEEP)
        if any(link != hit.link and abs(at - hit.at) <= BURST for at, link in near):
            return f"burst:{int(BURST.total_seconds())}"
        if links is not None and _most([*near, (hit.at, hit.link)], hit.at) >= max(SWEEP_LINKS, links // 2 + 1):
            return f"sweep:{int(SWEEP.total_seconds())}"
        return ""

    def _near(self, hit: Hit, span: timedelta) -> list[tuple[datetime, int | None]]:
        """When which links were followed within `span` of the hit, before or after."""
        sides = (("all", ""), ("network", hit.ip), ("agent", hit.agent))
        return [
            (at, link)
            for side in sides
            if side == ("all", "") or side[1]
            for link, times in self._times.get(side, {}).items()
            for at in times[bisect_left(times, hit.at - span) : bisect_right(times, hit.at + span)]
        ]


def _most(near: list[tuple[datetime, int | None]], at: datetime) -> int:
    """How many links were followed within any one sweep that this instant is in."""
    starts = {start for start, _ in near if at - SWEEP <= start <= at}
    return max(len({link for when, link in near if start <= when <= start + SWEEP}) for start in starts)
