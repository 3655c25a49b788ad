"""Who made a hit: a person, a machine, a proxy, or not sure yet. Pure; VERSION grows with every change of the rules.

First each hit by itself: method, headers, agent. Then in its company on the same message: who followed the hidden link
follows everything; different links within three seconds, or most links of a mail with several within ten, are a
scanner's. What is suspect is cleared or condemned when the settling time is over; only a click that may be somebody
else's, to whom the mail was passed on, stays suspect, for nothing more will be known of it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from crawlerdetect import CrawlerDetect

from nurture.kernel.i18n import N_, translate
from nurture.messages.links import TRAP
from nurture.tracking import agent as agents
from nurture.tracking.agent import Likeness
from nurture.tracking.company import NOBODY, Neighbors, Readers
from nurture.tracking.model import Hit, Judgement, Verdict

__all__ = [
    "SENTENCES",
    "SETTLING",
    "VERSION",
    "is_examined",
    "judge",
    "judge_alone",
    "neighbors_of",
    "sentence",
    "was_passed_on",
]

# 1 took every link within a minute for a machine's, and so people who read on; 2 knew crawlers by their names only
VERSION = 3
SETTLING = timedelta(seconds=20)  # real time; longer than a sweep, so that all of one are judged together
# By itself the time since sending says little: most bursts of scanners come after 20 seconds to 5 minutes.
TOO_FAST = timedelta(seconds=1)

SENTENCES: dict[str, str] = {
    "plausible": N_("A reader's browser or mail app"),
    "cleared": N_("Looked odd at first, and nothing else spoke against it"),
    "image_proxy": N_("The mail provider's image proxy fetched it (%(what)s)"),
    "method": N_("Only asked about the link, did not open it (%(what)s)"),
    "prefetch": N_("Fetched ahead of time by a browser or preview"),
    "not_followed": N_("Fetched in the background, not followed by anybody (%(what)s)"),
    "scanner": N_("A security scanner (%(what)s)"),
    "crawler": N_("A program, not a browser (%(what)s)"),
    "trap": N_("Followed the hidden link that no person sees"),
    "trapped": N_("The same program followed the hidden link that no person sees"),
    "no_agent": N_("Does not say what program it is"),
    "bare_agent": N_("Names no real browser"),
    "odd_agent": N_("A browser with parts that are not known"),
    "too_fast": N_("Came within a second of sending, before anybody could read"),
    "burst": N_("Several links of the mail were followed within %(what)s seconds"),
    "sweep": N_("Most links of the mail were followed within %(what)s seconds"),
    "every_link": N_("Every link of the mail was followed within a minute"),  # of version 1
    "unsettled": N_("Odd, and nothing spoke for a person within the settling time"),
    "forwarded": N_("From another device in another place than this link was followed before; the mail may have been "
                    "passed on (%(what)s)"),
    "many_places": N_("This link was followed from %(what)s networks within an hour; the mail may have been passed on"),
}  # fmt: skip
# Verdicts of these stay suspect: they do not count, and nothing more will be known.
_STAYING = ("forwarded", "many_places")

# Marker in the agent (lower case) -> the proxy's name. They fetch pictures for a reader, or ahead of one.
_IMAGE_PROXIES = {
    "googleimageproxy": "Gmail", "ggpht.com": "Gmail", "yahoomailproxy": "Yahoo", "outlookimageproxy": "Outlook",
    "yandexuserproxy": "Yandex", "mail.ru imageproxy": "Mail.ru", "ramblermail": "Rambler",
    "mail.ukr.net proxy": "ukr.net", "fastmailua": "Fastmail", "naverimageproxy": "Naver", "zohoimageproxy": "Zoho",
    "imageproxy": "image proxy", "mailproxy": "mail proxy",
}  # fmt: skip
# Apple Mail Privacy Protection says no more than this. The networks it comes from cannot be told: they are cut short.
_BARE = {"mozilla/5.0", "mozilla/4.0", "mozilla"}
# Security gateways and link checkers; some of them look like browsers but for this word.
_SCANNERS = {
    "barracuda": "Barracuda", "proofpoint": "Proofpoint", "mimecast": "Mimecast", "safelinks": "Safe Links",
    "office existence discovery": "Office", "bingpreview": "Outlook", "symantec": "Symantec",
    "messagelabs": "Symantec", "trendmicro": "Trend Micro", "trend micro": "Trend Micro",
    "bitdefender": "Bitdefender", "sophos": "Sophos", "zscaler": "Zscaler", "forcepoint": "Forcepoint",
    "websense": "Forcepoint", "fortiguard": "FortiGuard", "fortimail": "FortiMail", "cloudmark": "Cloudmark",
    "spamhaus": "Spamhaus", "ironport": "Cisco", "kaspersky": "Kaspersky", "urlscan": "urlscan",
    "virustotal": "VirusTotal", "phishtank": "PhishTank", "netcraft": "Netcraft", "checkpoint": "Check Point",
    "headless": "headless", "phantomjs": "PhantomJS", "selenium": "Selenium", "puppeteer": "Puppeteer",
    "playwright": "Playwright",
}  # fmt: skip


def judge(
    hit: Hit,
    neighbors: Neighbors,
    *,
    real: datetime,
    sent_at: datetime | None = None,
    links: int | None = None,
    readers: Readers = NOBODY,
) -> Judgement:
    """The verdict on a hit as of `real`. `sent_at`: when the message was handed over (real time); `links`: how many
    tracked links it has; both None when not known. Once `real` is past the settling time only what was perhaps passed
    on stays suspect.
    """
    alone = judge_alone(hit, sent_at)
    if alone.verdict in {Verdict.MACHINE, Verdict.PROXY}:
        return alone
    if neighbors.trapped(hit):
        return _judgement(Verdict.MACHINE, "trapped")
    if hit.kind == "click":
        company = neighbors.speak_against(hit, links)
        if company:
            return _judgement(Verdict.MACHINE, company)
    if alone.verdict is Verdict.SUSPECT and real - hit.at >= SETTLING:
        alone = _settled(hit, alone)
    if alone.verdict is Verdict.HUMAN and hit.kind == "click":
        passed_on = readers.passed_on(hit)
        if passed_on:
            return _judgement(Verdict.SUSPECT, passed_on)
    return alone


def neighbors_of(hits: Iterable[Hit]) -> Neighbors:
    """The hits on one message as each other's company."""
    return Neighbors(hits, is_machine=lambda one: judge_alone(one).verdict is Verdict.MACHINE)


def judge_alone(hit: Hit, sent_at: datetime | None = None) -> Judgement:
    """The verdict on a hit of which nothing else is known."""
    if hit.kind == "click" and hit.link == TRAP:
        return _judgement(Verdict.MACHINE, "trap")
    if hit.method != "GET":
        return _judgement(Verdict.MACHINE, f"method:{hit.method}")
    if _prefetch(hit):
        return _judgement(Verdict.MACHINE, "prefetch")
    mode = hit.headers.get("sec-fetch-mode", "")
    if hit.kind == "click" and mode and mode != "navigate":
        return _judgement(Verdict.MACHINE, f"not_followed:{mode[:20]}")
    verdict, reason = _of_agent(hit.agent, hit.kind)
    if verdict is Verdict.HUMAN and sent_at is not None and hit.at - sent_at < TOO_FAST:
        return _judgement(Verdict.SUSPECT, "too_fast")
    return _judgement(verdict, reason)


def sentence(reason: str, language: str) -> str:
    """A reason's code in words."""
    code, _, what = reason.partition(":")
    return translate(language, SENTENCES.get(code, code), what=what)


def was_passed_on(reasons: Iterable[str]) -> bool:
    """Whether a suspect is one because it may be somebody's to whom the mail was passed on: it stays so."""
    return any(one.startswith(_STAYING) for one in reasons)


def is_examined(verdict: Verdict | None, reasons: Iterable[str], *, settled: bool) -> bool:
    """Whether a suspect may still be cleared."""
    return verdict is Verdict.SUSPECT and not settled and not was_passed_on(reasons)


def _judgement(verdict: Verdict, *reasons: str) -> Judgement:
    return Judgement(verdict, reasons, VERSION)


def _settled(hit: Hit, alone: Judgement) -> Judgement:
    """A suspect on its own whose time is over: what names its device and speaks its reader's languages is cleared."""
    speaks = bool(hit.headers.get("accept-language"))
    is_named = "bare_agent" not in alone.reasons or agents.read(hit.agent).device
    if speaks and is_named and "no_agent" not in alone.reasons:
        return _judgement(Verdict.HUMAN, "cleared", *alone.reasons)
    return _judgement(Verdict.MACHINE, "unsettled", *alone.reasons)


def _prefetch(hit: Hit) -> bool:
    said = " ".join(hit.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")).lower()
    return any(word in said for word in ("prefetch", "prerender", "preview"))


@lru_cache(maxsize=16384)
def _of_agent(agent: str, kind: str) -> tuple[Verdict, str]:
    """What the agent alone tells, with the reason."""
    low = agent.strip().lower()
    if not low:
        return Verdict.SUSPECT, "no_agent"
    proxy = _marked(low, _IMAGE_PROXIES)
    if proxy or (low in _BARE and kind == "open"):
        name = proxy or "Apple"
        return (Verdict.PROXY, f"image_proxy:{name}") if kind == "open" else (Verdict.MACHINE, f"scanner:{name}")
    scanner = _marked(low, _SCANNERS)
    if scanner:
        return Verdict.MACHINE, f"scanner:{scanner}"
    return _of_likeness(agent, kind)


def _of_likeness(agent: str, kind: str) -> tuple[Verdict, str]:
    is_mail = agents.is_mail_app(agent)
    if is_mail and kind == "open":
        return Verdict.HUMAN, "plausible"
    seen = agents.read(agent)
    if seen.likeness is Likeness.BROWSER:
        return Verdict.HUMAN, "plausible"
    if seen.likeness is Likeness.PROGRAM:
        return Verdict.MACHINE, f"crawler:{seen.mark}"
    crawler = "" if is_mail else _crawler(agent)
    if crawler:
        return Verdict.MACHINE, f"crawler:{crawler}"
    return Verdict.SUSPECT, "odd_agent" if seen.likeness is Likeness.ODD else "bare_agent"


def _marked(agent: str, markers: dict[str, str]) -> str:
    return next((name for marker, name in markers.items() if marker in agent), "")


def _crawler(agent: str) -> str:
    """The part of the agent that crawlerdetect knows, or empty."""
    detector = CrawlerDetect()  # it remembers its last match: one for each question
    return str(detector.get_matches() or "bot")[:40] if detector.is_crawler(agent) else ""
