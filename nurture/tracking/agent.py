"""What a user agent says of the program behind it: a reader's browser, a mail app, an odd one, or a program. Pure.

Crawlers have new names every week, so what is known here is the other side: of what parts the agents of browsers are
made. An agent of known parts only is a browser's. One with parts beside them may be an app's own browser or a machine
in disguise: odd. What gives an address of its maker, or calls itself by what machines do, is a program.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Likeness(StrEnum):
    """What the agent is like."""

    BROWSER = "browser"  # of known parts only
    ODD = "odd"  # a browser's, with parts that are not known
    BARE = "bare"  # names no browser
    PROGRAM = "program"  # says that it is none


@dataclass(frozen=True, slots=True)
class Agent:
    """`mark` is what gave a program away; `device` the family of the device, empty when not known."""

    likeness: Likeness
    mark: str = ""
    device: str = ""


# The parts of the first comment, after a system is named.
_SYSTEM = re.compile(
    r"windows( nt| phone( os)?| mobile| ce| \d+| xp)?[ \d.]*|macintosh|iphone|ipad|ipod( touch)?|x11"
    r"|wayland|linux\b[^;]*"
    r"|android\b[^;]*|andr0id\b[^;]*|cros [^;]*|tizen\b[^;]*|kaios\b[^;]*|web0s[^;]*|webos[^;]*|smart-?tv[^;]*"
    r"|symbian[^;]*|series[346]\d[^;]*|blackberry[^;]*|bb10[^;]*|playbook[^;]*|playstation[^;]*"
    r"|nintendo[^;]*|xbox[^;]*"
    r"|harmonyos[^;]*|openharmony[^;]*|(free|open|net)bsd[^;]*|sunos[^;]*|mobile|tablet|phone|bada[^;]*|meego[^;]*"
    r"|maemo[^;]*|serenityos|haiku[^;]*|beos[^;]*|os/2[^;]*|amiga[^;]*|palmos[^;]*|webtv[^;]*|ubuntu[^;]*"
    r"|fuchsia|viera"
    r"|msie [\d.]+\w*|vizio[^;]*|roku[^;]*|quest[^;]*"
)
_PART = re.compile(
    r"u|i|n|compatible|win64|wow64|win32|win95|win98|x64|x86|x86_64|amd64|arm|arm64|arm_64|arm64-v8a|ia64|i\d86|ppc"
    r"|rv:[\w.+]+|trident/[\d.]+|touch|tablet pc [\d.]+|\.net[^;]*|sv1|slcc\d|media center pc [\d.]+"
    r"|infopath\.\d|gtb[\d.]+"
    r"|webview/[\d.]+|wv|intel mac os x[^;]*|ppc mac os x[^;]*|cpu( iphone)? os [\d_]+ like mac os x"
    r"|cpu like mac os x"
    r"|iemobile[ /][\d.]+|xblwp\d|zunewp\d|[a-z]{2,3}([-_][a-z0-9]{2,4}){0,2}|fbmd/[^;]*|allow_?[a-z]*|maarjs|masm?js"
    r"|m[da][a-z]{2}js|ms-rtc lm \d|office\w*[ .][\d.]+|ms-office|msoffice [\w/ .]+|microsoft outlook [\d.]+"
    r"|profile/[^;]*|configuration/[^;]*|opera mini/[^;]*|opera mobi/[^;]*|presto/[^;]*|iopener|cpu|desktop|mra [^;]*"
    r"|funwebproducts[^;]*|microsoft|nokia|samsung|htc|lg|lumia[^;]*|rm-[^;]*|arm; [^;]*|creative[^;]*|maui|hd|fennec"
    r"|ubuntu[^;]*|fedora[^;]*|debian[^;]*|gentoo|suse[^;]*|mandriva[^;]*|\d+[x*]\d+|webkit|gecko"
    r"|like mac os x|pc|\s*"
)
# After these names the rest of the comment is a model's, which may be called anything.
_MODELED = re.compile(
    r"android|andr0id|harmony|tizen|tv\b|web0s|webos|symbian|series[346]\d|kaios|windows phone|iemobile|playstation"
    r"|blackberry|bb10|bada|maemo|meego|windows mobile|windows ce|linux; u;|roku|quest|viera|playbook|xbox"
)
_MODEL_ODD = re.compile(r"compatible|https?:|www\.|;\s*\+|@|(?<![a-z])(crawl|spider|scan|bot/)|googleweblight|like mac")
# Products a browser, a web view or a mail app is made of.
_KNOWN = """
applewebkit khtml gecko chrome chromium safari mobile version firefox edg edga edgios edge edgw edgc opr opt opx
opera presto vivaldi yabrowser yowser samsungbrowser crios fxios gsa ddg duckduckgo ucbrowser uweb u3 u2 miuibrowser
xiaomi mqqbrowser tbs micromessenger wechat nettype language process abi mmwebid mmwebsdk weixin qq qqbrowser brave
ubuntu puffin silk silk-accelerated focus klar coc_coc_browser coccoc coc_coc zalo zalotheme zalolanguage zalo_theme
instagram line viber musical_ly bytedancewebview bytelocale bytefulllocale region appversion trill jssdk channel
appname isdarkmode wkwebview app_version snapchat pinterest linkedinapp twitter huaweibrowser hmscore vivobrowser
heytapbrowser oppobrowser realmebrowser oneplusbrowser phx whale naver kakaotalk sleipnir iron seamonkey palemoon
waterfox basilisk icecat iceweasel icedragon k-meleon camino galeon epiphany konqueror qtwebengine falkon maxthon
mxbrowser mxnitro 360se lbbrowser bidubrowser baidubrowser baiduboxapp 2345explorer quark sogoumobilebrowser metasr
qupzilla oculusbrowser tesla thunderbird lightning outlook postbox gnome fedora debian suse linux mint red hat
centos kubuntu gentoo mandriva minefield namoroka shiretoko granparadiso bonecho iceape swiftfox lunascape netscape
navigator comodo_dragon dragon rockmelt flock orca avastsecurebrowser avast avg ccleaner norton secure browser hbbtv
smarttv smart-tv tv lg lge netcast.tv netcast colorful fbav fbdm teams electron slack slack_ssb sonic windowsstore
obsidian atom code discord whatsapp zoom nokiabrowser series60 symbianos browserng s60 ovibrowser s40ovibrowser bb10
playbook blackberry iemobile trident nintendobrowser nx playstation dolfin bada jasmine tizenbrowser sraf omi fvc
mib maui wap obigo netfront teleca profile configuration midp-2.0 midp-2.1 cldc-1.0 cldc-1.1 up.browser ucweb
skyfire kindle miuiwebview acheetahi liebaofast knoxbrowser aloha alohabrowser ecosia mail.ru sputnik mailruwebview
okapp dolphin dolphinhdcn mercury coast mozilla like windows desktop mobilesafari ios iphone ipados webview wv gmail
yahoomobilemail yjapp mailapp superhuman spark airmail edison yaapp_android yasearchapp yandexsearch bropp webomni
sa silk-accelerated=true arkweb dooble otter slimjet core vr for khtml, untrusted headline
"""
_PRODUCTS = frozenset(_KNOWN.split())
_TOKEN = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)?|\[([^\]]*)\]?|([^\s(\[]+)")
_HEAD = re.compile(r"(?:mozilla/[45]\.0|opera/[\d.]+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_INNER = re.compile(
    r"khtml,? ?like gecko|like gecko|ubuntu[^)]*|fedora[^)]*|\.net clr[^)]*|debian[^)]*|linux llc [\d.]+"
    r"|beta|lite|hardy|tv|"
)
_ENGINE = re.compile(r"applewebkit/|gecko/|trident/|msie |presto/|opera/|khtml/|servo/|goanna/|netfront/")
_APP = re.compile(r"fb[a-z]{2}/|.*fban/.*|.*fb_iab/.*|pinterest/.*|[a-z]{2,3}([-_][a-z]{2,4})?")
_OWN = re.compile(r"[a-z0-9]+[-_]?browser")  # an app's own
_PLAIN = re.compile(r"[\d._+]+|[a-z]{2}[-_][a-z]{2}")
_PHONE = re.compile(
    r"(?:nokia|samsung|sec-|sgh|lg[-/_ ea]|sonyericsson|mot[-_ov]|motorola|blackberry|alcatel|htc|huawei"
    r"|zte|sie-|vodafone"
    r"|panasonic|sharp|philips|sagem|pantech|kyocera|docomo|kddi|softbank|j-phone|palm|dell|acer|karbonn"
    r"|micromax|spice"
    r"|lenovo|tianyu|gionee|cect|haier|hisense|coolpad|k-touch|bird|amoi|benq|toshiba|sanyo|nec|fly|lava"
    r"|i-mobile|qmobile"
    r"|ucweb|juc ?\(|uc ?browser|opera|netfront|mobileexplorer|jasmine|dopod|o2|t-mobile|casio|pt-gf|asus|xda|bq)"
)
_PHONE_TRAIT = re.compile(
    r"midp|cldc|up\.browser|up\.link|obigo|netfront|teleca|maui|jasmine|dolfin|ucweb|opera|browser|mobile"
    r"|wap|nokia|series"
    r"|symbian|palmos|android|java; u"
)
_MAIL = re.compile(
    r"microsoft outlook|microsoft office|outlook-ios|outlook-android|macoutlook|thunderbird|ms-office"
    r"|msoffice|airmail"
    r"|apple mail|^mail/|emclient|the bat|lotus|postbox|spark/|dalvik/|bluemail|k-?9 ?mail|foxmail|mailapp|superhuman"
)
_ADDRESS = re.compile(
    r"https?:/|www\.[a-z0-9]|\+?mailto:|[\w.+-]+@[\w-]+\.[a-z]|(?<![\w.])[a-z0-9-]+\.(?:com|net|org|io|ai"
    r"|dev|app|de|fr|co)"
    r"\b(?![.\w]*/\d)"
)
# What machines call themselves, as a word or the end of one.
_WORDS = re.compile(
    r"(?<!cu)bot(?:s?\b|[/_-])|crawl|spider|scrap(?:e|er|ing|y)|scan(?:ner|s|ning)?\b|checker|monitor"
    r"|fetch|preview"
    r"|archive|indexer|validat|probe|harvest|(?<!p)research|discovery|audit|verif|unfurl|curl|wget|http-?client"
    r"|python|\bjava/\d|go-http|ruby|\bperl|\bphp|node(?:js|-)|axios|headless|phantomjs|slimerjs|jsdom"
    r"|cypress|selenium"
    r"|puppeteer|playwright|webhook|feed|rss\b|uptime|pingdom|analy[sz]|inspect|reput|imageproxy|favicon|linkcheck"
    r"|sitemap|exporter|prometheus|survey|agent/|-agent\b|seo\b|lighthouse|pagespeed|security(?!pay|inst)|detectify"
    r"|-user/|-ai\b|gpt|claude|llm|parser|downloader|proxy(?!less)|watcher\b|service/|catchpoint|rigor|splash"
    r"|\$\{|<script|<\?php|select |load_file|&lt;|\\x22|javascript:|ptst/|sparkler|site(?:24x7|bulb|lock)"
    r"|compatible;?\)"
)
_STRONG_WORDS = re.compile(r"(?<!cu)bot(?:\b|/)|crawl|spider|scan|googleweblight")


@lru_cache(maxsize=16384)
def read(agent: str) -> Agent:
    """What the agent is like. A browser's comes first: its model may be called Bot, its words are not looked at."""
    low = agent.strip().lower()
    device = device_of(low)
    if _phone(low) or _browser(low):
        # A proxy that fetches for a phone may fetch ahead of its reader.
        return Agent(Likeness.ODD if "speedmode; proxy" in low else Likeness.BROWSER, device=device)
    words = _STRONG_WORDS if "midp" in low or "cldc" in low else _WORDS
    found = _ADDRESS.search(low) or words.search(_wordy(low))
    if found:
        return Agent(Likeness.PROGRAM, _whole(low, found), device)
    if not low.startswith("mozilla") or _ENGINE.search(low) is None:
        return Agent(
            Likeness.BARE, device="" if "cfnetwork" in low else device or ("phone" if _PHONE.match(low) else "")
        )
    if "compatible" in low and "msie" not in low and "konqueror" not in low and not device:
        return Agent(Likeness.PROGRAM, "compatible", device)
    return Agent(Likeness.ODD, device=device)


def is_mail_app(agent: str) -> bool:
    """Whether a mail program names itself: its pictures are loaded where a reader sits."""
    return _MAIL.search(agent.lower()) is not None


_BOUNDS = " ;()[],"
_DEVICES = (
    (re.compile(r"ipad"), "iPad"),
    (re.compile(r"iphone|ipod"), "iPhone"),
    (re.compile(r"windows phone|iemobile"), "Windows phone"),
    (re.compile(r"smart-?tv|web0s|tizen.*tv|hbbtv|netcast|roku|viera|bravia"), "TV"),
    (re.compile(r"android|harmony|dalvik"), "Android"),
    (re.compile(r"windows"), "Windows"),
    (re.compile(r"macintosh|mac os x|darwin"), "Mac"),
    (re.compile(r"cros "), "Chromebook"),
    (re.compile(r"midp|symbian|series[346]\d|blackberry|bb10|kaios|nokia"), "phone"),
    (re.compile(r"linux|x11|bsd|ubuntu"), "Linux"),
)


@lru_cache(maxsize=16384)
def device_of(agent: str) -> str:
    """The family of the device (`iPhone`, `Windows`), empty when the agent does not tell. A proxy's tells nothing."""
    low = agent.lower()
    return next((name for pattern, name in _DEVICES if pattern.search(low)), "")


def _whole(low: str, found: "re.Match[str]") -> str:
    """The word around what was found, in short."""
    text = found.string
    start, end = found.span()
    while start and text[start - 1] not in _BOUNDS:
        start -= 1
    while end < len(text) and text[end] not in _BOUNDS:
        end += 1
    return text[start:end].strip("+/,:")[:40] or low[:40]


def _phone(low: str) -> bool:
    """A phone of the days before Android, or a proxy browser on one."""
    if not _PHONE.match(low) or _PHONE_TRAIT.search(low) is None:
        return False
    return _ADDRESS.search(low) is None and _STRONG_WORDS.search(low) is None


def _browser(low: str) -> bool:
    head = _HEAD.match(low)
    if head is None or not _platform(head[1]):
        return False
    rest = low[head.end() :]
    if _ENGINE.search(low) is None and _MODELED.search(head[1]) is None:
        return False
    return all(_is_known(found) for found in _TOKEN.finditer(rest))


def _platform(comment: str) -> bool:
    """Whether the first comment names a system, and nothing that does not belong there."""
    parts = [part.strip() for part in comment.split(";")]
    if not any(_SYSTEM.fullmatch(part) for part in parts):
        return False
    if _MODELED.search(comment):
        return _MODEL_ODD.search(re.sub(r"compatible; (msie|linux|konqueror|opera)", "", comment)) is None
    return all(_SYSTEM.fullmatch(part) or _PART.fullmatch(part) for part in parts)


def _is_known(found: "re.Match[str]") -> bool:
    comment, bracket, word = found.groups()
    if comment is not None:
        return _INNER.fullmatch(comment.strip()) is not None
    if bracket is not None:
        return _APP.match(bracket) is not None
    name, _, version = word.strip(";,").partition("/")
    if name in _PRODUCTS or _OWN.fullmatch(name):
        return True
    return not version and _PLAIN.fullmatch(name) is not None


def _wordy(low: str) -> str:
    """The agent without the model of an Android device, which may be called anything."""
    return re.sub(r"(android [\d.]+;)[^)]*\)", r"\1)", low, count=1)
