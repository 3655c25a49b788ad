"""Whether a reply says no to our mail, by a short table of words. Pure.

The words are looked for in what the lead wrote, quotes left out. Finding them decides nothing: a person is asked. Only
where the whole message is one of a few words (`STOP`, `Hủy đăng ký`) nobody need be asked what it means.

Text with diacritics is compared with them, since `đừng gửi`, `đúng gửi` and `dùng gửi` are three things; text written
without any is compared without.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from nurture.kernel.text import clean, fold

LONGEST = 4_000  # characters that are looked at
_LONGEST_WORDS = 200

# Each is the whole of what was written, but for greetings, thanks and marks.
_ALONE = (
    "stop", "stop all", "unsubscribe", "unsubscribe me", "please unsubscribe", "please unsubscribe me", "remove me",
    "please remove me", "opt out", "stop sending", "stop emailing me", "no more emails", "hủy đăng ký",
    "xin hủy đăng ký", "hủy nhận", "hủy nhận tin", "hủy nhận thư", "đừng gửi nữa", "đừng gửi", "ngừng gửi", "dừng gửi",
    "không nhận nữa", "từ chối nhận", "từ chối nhận tin", "tc",
)  # fmt: skip
_OURS = r"(?:e-?mails?|mails?|thư|tin(?: nhắn)?|quảng cáo|bản tin|newsletters?|spam)"
_FEW = r"(?:\w+ ){0,4}?"
_SAYS = (
    rf"(?:đừng|dừng|ngừng|ngưng|thôi|không) (?:\w+ ){{0,2}}?gửi {_FEW}(?:nữa\b|{_OURS}\b)",
    r"(?:đừng|ngừng|ngưng|dừng) gửi(?=$| ?[.!,;\n])",
    rf"không (?:còn )?(?:muốn |cần )?nhận (?!được){_FEW}(?:nữa\b|{_OURS}\b)",
    r"hủy (?:đăng ký|nhận|theo dõi)\b",
    rf"từ chối (?:nhận|{_OURS})\b",
    rf"(?:xóa|gỡ|bỏ|loại) {_FEW}(?:ra )?khỏi danh sách\b",
    r"(?:đừng|dừng|ngừng) (?:làm phiền|spam|quảng cáo)\b",
    r"\bunsubscribe\b",
    r"\bopt(?:ing)?[ -]?(?:me )?out\b",
    r"\b(?:remove|take) (?:me|us|my \w+(?: \w+)?|this \w+(?: \w+)?|our \w+(?: \w+)?) (?:from|off)\b",
    r"\bremove me\b",
    r"\bstop (?:\w+ )?(?:sending|emailing|e-mailing|mailing|contacting|writing|spamming|messaging)\b",
    r"\bstop (?:these|the|your|all|with the) (?:\w+ )?(?:e-?mails?|mails?|messages?|newsletters?)\b",
    r"\b(?:do not|don't|dont|never) (?:\w+ )?(?:e-?mail|contact|write to|message|spam) (?:me|us)\b",
    r"\b(?:do not|don't|dont) send (?:me|us) (?:any|more|these|this|such)\b",
    r"\bno more (?:e-?mails?|mails?|messages?|newsletters?)\b",
    r"(?:^|\n) ?stop ?[.!]*(?=$|\n)",
)  # fmt: skip
# What turns it round, up to two words before: "please don't stop sending", "tôi không muốn hủy đăng ký".
_NOT = re.compile(r"(?:\b(?:đừng|không|chưa|not|don't|dont|never|cannot|can't|dung|khong|chua)) (?:\w+ ){0,2}$")
_ASIDE = re.compile(
    r"^(?:sent from|get outlook for|gửi từ|được gửi từ|đã gửi từ)\b|^(?:dear|hi|hello|xin chào|chào|kính gửi)\b.*[,!]$"
    r"|^(?:thanks?|thank you|regards|best regards|cảm ơn|cám ơn|xin cảm ơn|trân trọng)\b.{0,40}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was found: the words, and whether they are all that was written."""

    words: str
    is_all: bool = False


def find(text: str, subject: str = "") -> Refusal | None:
    """The refusal in a reply's own words, or None. The subject counts where nothing else is written."""
    lines = _lines(text)
    if not lines:
        lines = [_plain(subject)] if subject and not _answers(subject) else []
    said = "\n".join(lines)
    if _bare(said) in _alone():
        return Refusal(clean(said, _LONGEST_WORDS), is_all=True)
    marked = fold(said) != clean(said).casefold()
    for pattern in _patterns(marked=marked):
        for match in pattern.finditer(said):
            if not _NOT.search(said[: match.start()].rpartition("\n")[2]):
                return Refusal(clean(_sentence(said, match.start(), match.end()), _LONGEST_WORDS))
    return None


def _lines(text: str) -> list[str]:
    """What was written, line by line, without signature, greeting and thanks."""
    found = []
    for line in text[:LONGEST].splitlines():
        plain = _plain(line)
        if plain in {"--", "-- "} or plain.startswith("___"):
            break
        if plain and not _ASIDE.search(plain):
            found.append(plain)
    return found


def _plain(line: str) -> str:
    """One line as it is compared: small letters, one form of each apostrophe and of the tone on uy and oa."""
    text = clean(unicodedata.normalize("NFC", line), LONGEST).casefold()
    for one, other in (("’", "'"), ("uỷ", "ủy"), ("oá", "óa"), ("kí", "ký")):
        text = text.replace(one, other)
    return text


def _answers(subject: str) -> bool:
    """Whether the subject is ours, as a mail program puts it over an answer."""
    return bool(re.match(r"\s*(?:re|tr|trả lời|aw|fwd?)\s*:", subject, re.IGNORECASE))


def _bare(said: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", said).split())


@cache
def _alone() -> frozenset[str]:
    return frozenset(_ALONE) | frozenset(map(fold, _ALONE))


@cache
def _patterns(*, marked: bool) -> tuple[re.Pattern[str], ...]:
    """The table as it stands for text with diacritics; without them for text that has none."""
    return tuple(re.compile(one if marked else _without(one)) for one in _SAYS)


def _without(pattern: str) -> str:
    """The pattern without diacritics; letters only, so that its own signs stay."""
    return "".join(fold(one) if one.isalpha() and not one.isascii() else one for one in pattern)


def _sentence(said: str, start: int, end: int) -> str:
    """The sentence around a place, for people to read."""
    marks: Iterable[str] = ".!?\n;"
    first = max(said.rfind(mark, 0, start) for mark in marks) + 1
    rest = [place for mark in marks if (place := said.find(mark, end)) >= 0]
    return said[first : min(rest, default=len(said))]
