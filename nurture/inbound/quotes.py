"""What a person wrote in an answer: without what is quoted, and without the signature. Pure."""

import re

from nurture.inbound.parts import Mail
from nurture.inbound.plain import text_of
from nurture.inbound.signs import any_of, either

MOST = 10_000  # characters of an answer that are kept
_FAR = 200  # characters within which "wrote:" follows its begin

# "On Monday, Lan wrote:" in the languages of the mail programs. The line may be folded into up to four.
WROTE = (
    (
        "English: Gmail, Apple, Thunderbird",
        (r"on\b.{4,300}\bwrote\s*:",),
    ),
    (
        "Vietnamese: Gmail, Apple, Outlook",
        (r"(?:vào|vào lúc|lúc|ngày|on|đã gửi)\b.{4,300}\b(?:đã viết|viết|đã gửi)\s*:",),
    ),
    (
        "German",
        (r"(?:am|an)\b.{4,300}\b(?:schrieb|hat)\b.{0,100}:",),
    ),
    (
        "French",
        (r"le\b.{4,300}\ba [ée]crit\s*:",),
    ),
    (
        "Spanish",
        (r"el\b.{4,300}\bescribi[óo]\s*:",),
    ),
    (
        "Italian",
        (r"il\b.{4,300}\bha scritto\s*:",),
    ),
    (
        "Portuguese",
        (r"(?:em|a)\b.{4,300}\b(?:escreveu|escreveu o seguinte)\s*:",),
    ),
    (
        "Dutch",
        (r"op\b.{4,300}\b(?:schreef|heeft)\b.{0,100}:",),
    ),
    (
        "Nordic",
        (r"(?:den|på|kl\.?|ti)\b.{4,300}\b(?:skrev|kirjoitti)\b.{0,100}:",),
    ),
    (
        "Polish, Czech",
        (r".{4,200}\b(?:napisa[łl]\(?a?\)?|napsal\(?a?\)?)\s*:",),
    ),
    (
        "Russian, Ukrainian",
        (r".{4,200}(?:пишет|написал\(?а?\)?|пише)\s*:",),
    ),
    (
        "Turkish, Indonesian",
        (r".{4,200}\b(?:yazd[ıi]|menulis)\s*:",),
    ),
    (
        "Chinese, Japanese, Korean",
        (r".{4,200}(?:写道|寫道|のメール|が書きました|님이 작성)\s*[:：]",),
    ),
    (
        "Mail.ru, Yandex, which only name when and who",
        (r".{0,120}\d{1,2}[:.]\d{2}.{0,120}[<\[(]\S+@\S+[>\])]\s*:",),
    ),
    (
        "Old mailers",
        (r".{1,120}[<\[(]\S+@\S+[>\])] (?:wrote|writes|said|đã viết)\s*:",),
    ),
)
# Lines after which all is the mail that was answered.
SEPARATORS = (
    (
        "Outlook, Lotus",
        (
            (
                r"-{2,}\s*(?:original (?:message|appointment)|forwarded message|reply (?:message|above)|thư gốc"
                r"|thư ban đầu|tin nhắn gốc|tin nhắn (?:đã )?chuyển tiếp|urspr[üu]ngliche (?:nachricht|mail)"
                r"|message d'origine|message transf[ée]r[ée]|mensaje original|messaggio originale"
                r"|mensagem original|oorspronkelijk bericht|opprinnelig melding|oryginalna wiadomo[śs][ćc]"
                r"|исходное сообщение|пересылаемое сообщение|原始邮件|原邮件|元のメッセージ"
                r"|original(?:nachricht)?)\s*-{0,}.*"
            ),
        ),
    ),
    (
        "Outlook's rule",
        (r"_{10,}\s*",),
    ),
    (
        "Outlook for phones",
        (r"(?:from|date|từ|von|de|da|van|fr[åa]n|fra|od|от|发件人|寄件者|差出人|보낸 사람)\s*[:：].{1,300}",),
    ),
    (
        "Yahoo, AOL",
        (r"(?:-----\s*)?(?:original message|reply above this line|please reply above).*",),
    ),
    (
        "those who ask to answer above",
        (r"(?:[-=#_*]{3,}.{0,10})?(?:reply above this line|vui lòng trả lời (?:phía )?trên dòng này).*",),
    ),
)
SIGNATURES = (
    (
        "RFC 3676, 4.3",
        (r"--\s?",),
    ),
    (
        "a line of underscores or dashes",
        (r"[-_\u2013\u2014=]{3,40}",),
    ),
    (
        "phones and their programs",
        (
            (
                r"(?:sent (?:from|via|with) (?:my |the )?\S.{0,60}|get outlook for .{0,40}|đã gửi từ .{0,60}"
                r"|được gửi từ .{0,60}|gửi từ (?:iphone|điện thoại|thiết bị|máy|outlook|yahoo|samsung).{0,60}"
                r"|tải outlook cho .{0,40}|von meinem .{0,40} gesendet|gesendet (?:von|mit) .{0,40}"
                r"|envoy[ée] (?:de|depuis) .{0,60}|enviado (?:desde|do|de) .{0,60}|inviato da .{0,60}"
                r"|отправлено с .{0,60}|iphoneから送信|从我的 ?iphone ?发送|나의 iphone에서 보냄)"
            ),
        ),
    ),
)
# Where the markup of an answer ends and that of what it answers begins.
MARKUP = (
    (
        "Gmail",
        (r"<(?:div|blockquote)[^<>]{0,300}class=[\"']?[^\"'<>]{0,100}gmail_(?:quote|attr|extra)",),
    ),
    (
        "Apple, Thunderbird",
        (r"<blockquote[^<>]{0,300}type=[\"']?cite|<div[^<>]{0,200}class=[\"']?moz-cite-prefix",),
    ),
    (
        "Outlook",
        (
            (
                r"<div[^<>]{0,200}id=[\"']?(?:x_)?(?:appendonsend|divrplyfwdmsg|olk_src_body_section"
                r"|mail-editor-reference-message-container)"
            ),
            r"<div[^<>]{0,200}style=[\"'][^\"'<>]{0,200}border-top:\s?solid #(?:e1e1e1|b5c4df)",
        ),
    ),
    (
        "Yahoo",
        (r"<div[^<>]{0,200}class=[\"']?[^\"'<>]{0,100}yahoo_quoted|<div[^<>]{0,200}id=[\"']?yiv",),
    ),
    (
        "Zoho, Proton, Zimbra",
        (
            (
                r"<(?:div|blockquote)[^<>]{0,200}(?:class|id|data-marker)=[\"']?(?:zmail_extra|protonmail_quote"
                r"|__quoted_text__|__replybody)"
            ),
        ),
    ),
)
_WROTE = re.compile(r"[>\s]*(?:" + either(WROTE) + r")\s*", re.IGNORECASE)
_SEPARATOR = re.compile(r"[>\s*]*(?:" + either(SEPARATORS) + r")\s*\*?", re.IGNORECASE)
_SIGNATURE = re.compile(r"\s*(?:" + either(SIGNATURES) + r")\s*", re.IGNORECASE)
_MARKUP = any_of(MARKUP)
_NAMES = re.compile(r"\S+@\S+")
_DATED = re.compile(r"[\d@]")  # who writes when: no such line is without a digit or an address
_FIELD = re.compile(
    r"[>\s*]*(?:from|sent|to|cc|subject|date|từ|đã gửi|gửi|tới|đến|ngày|chủ đề|tiêu đề|von|gesendet|an|betreff|datum|de"
    r"|envoy[ée]|[àa]|objet|para|enviado|asunto|assunto|da|inviato|a|oggetto|от|отправлено|кому|тема|发件人|发送时间|收件人"
    r"|主题|差出人|送信日時|宛先|件名)\s*\*?\s*[:：]",
    re.IGNORECASE,
)


def own_words(mail: Mail) -> str:
    """The text that its writer wrote, at most 10,000 characters; empty when there is none."""
    plain = next((part for part in mail.texts if part.media == "text/plain" and part.text.strip()), None)
    if plain is not None:
        return without_quotes(plain.text)
    marked = next((part for part in mail.texts if part.media == "text/html"), None)
    return of_markup(marked.text) if marked is not None else ""


def of_markup(markup: str) -> str:
    """The words of an answer in HTML."""
    found = _MARKUP.search(markup[:100_000])
    text = text_of(markup[: found.start()] if found else markup)
    return without_quotes(text)


def without_quotes(text: str) -> str:
    """The words before and between quotes, the signature left out."""
    lines = text[: MOST * 5].replace("\r", "").split("\n")[:2000]
    kept = [line for line in lines[: _end(lines)] if not line.lstrip().startswith((">", "|>"))]
    return "\n".join(_unsigned(kept)).strip()[:MOST]


def _end(lines: list[str]) -> int:
    """The line at which what was answered begins, if it stands below the answer."""
    for at, line in enumerate(lines):
        if not line.strip():
            continue
        if _separates(lines, at) or ((length := _wrote(lines, at)) and _is_quote_below(lines, at + length)):
            return at
    return len(lines)


def _separates(lines: list[str], at: int) -> bool:
    """A separator of a mail program. A line such as "From: …" counts with another header close below."""
    line = lines[at]
    if len(line) > 400 or not _SEPARATOR.fullmatch(line):
        return False
    below = [near for near in lines[at + 1 : at + 6] if near.strip()]
    if line.strip(" >*_").lower().startswith("---") or "-----" in line:
        return True
    return any(_FIELD.match(near) for near in below[:3])


def _wrote(lines: list[str], at: int) -> int:
    """How many lines "… wrote:" takes from here, up to four; 0 if it does not begin here."""
    if not _DATED.search(lines[at]):
        return 0
    for length in range(1, 5):
        part = lines[at : at + length]
        joined = " ".join(line.strip() for line in part)
        if (
            len(joined) > _FAR * 2
            or len(part) < length
            or not part[-1].strip()
            or _is_quoted(part) != _is_quoted(part[:1])
        ):
            return 0
        if joined.endswith((":", "：")):
            begins_later = length > 1 and _DATED.search(_NAMES.sub("", lines[at + 1])) and _wrote(lines, at + 1)
            return length if not begins_later and _WROTE.fullmatch(joined) else 0
    return 0


def _is_quoted(lines: list[str]) -> bool:
    return any(line.lstrip().startswith(">") for line in lines)


def _is_quote_below(lines: list[str], at: int) -> bool:
    """Quoted lines follow, or nothing that is marked at all (programs that quote by indentation or markup)."""
    below = [line for line in lines[at:] if line.strip()]
    marked = [line for line in below if line.lstrip().startswith(">")]
    # Somebody answers between the lines: only the quotes are left out.
    return not marked or len(marked) == len(below) or not below[0].lstrip().startswith(">") or _trailing(below)


def _trailing(below: list[str]) -> bool:
    """All that is not quoted below is a signature."""
    own = [line for line in below if not line.lstrip().startswith(">")]
    return not own or _SIGNATURE.fullmatch(own[0]) is not None


def _unsigned(lines: list[str]) -> list[str]:
    """The lines before the signature: from `-- ` on, or from a line of the program's own."""
    for at, line in enumerate(lines):
        above = any(one.strip() for one in lines[:at])
        if line.strip() and len(line) < 120 and above and _SIGNATURE.fullmatch(line):
            return lines[:at]
        if len(line) < 120 and not above and line.strip() and _is_program(line):
            return []
    return [line for line in lines if not _is_wrote(line)]


def _is_wrote(line: str) -> bool:
    return line.rstrip().endswith((":", "：")) and _WROTE.fullmatch(line[:400]) is not None


def _is_program(line: str) -> bool:
    """Nothing but "Sent from my phone": no words at all."""
    return _SIGNATURE.fullmatch(line) is not None and any(c.isalpha() for c in line)
