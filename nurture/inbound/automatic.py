"""Which mails no person wrote: vacation notices, other answering machines, and those that ask for proof. Pure.

RFC 3834 says how a machine marks what it answers. Many do not, and say it in their subject, in their own language.
"""

import re

from nurture.inbound.model import What
from nurture.inbound.parts import Headers
from nurture.inbound.signs import any_of, either

# Who wants a sender to prove that they are people: product, and a pattern over sender, subject or text.
CHALLENGES = (
    (
        "Boxbe",
        (r"@boxbe\.com|boxbe waiting list|boxbe\.com/(?:approve|verify)",),
    ),
    (
        "Spam Arrest",
        (r"@spamarrest\.com|spamarrest\.com/a2|protected by spam ?arrest",),
    ),
    (
        "qconfirm",
        (r"confirm-\S+-\d+\.\S+@|qconfirm",),
    ),
    (
        "TMDA",
        (r"\btmda\b|-confirm-?\S*\.[0-9a-f]{6}@",),
    ),
    (
        "Sendio",
        (r"sendio.{0,40}verif",),
    ),
    (
        "EarthLink spamBlocker",
        (r"spamblocker-challenge|@.*spamblocker",),
    ),
    (
        "UOL AntiSpam",
        (r"antispam(?:uol)?@uol\.com\.br|antispam uol",),
    ),
    (
        "MailInBlack",
        (r"mailinblack|mib\.mailinblack",),
    ),
    (
        "ChoiceMail, DigiPortal",
        (r"choicemail|digiportal",),
    ),
    (
        "0Spam, Bluebottle, Knowspam, Vanquish",
        (r"@0spam\.com|@bluebottle\.com.*verif|knowspam\.net|vanquish\.com/",),
    ),
    (
        "CleanMX, Active Spam Killer",
        (r"active spam killer|\bask\b.{0,20}confirm#",),
    ),
    (
        "those that say what they want",
        (
            (
                r"(?:challenge[ /-]response|confirm that you are (?:a )?(?:human|person|real|not)"
                r"|prove (?:that )?you(?: are|'re) (?:a )?(?:human|person|not)|click .{0,60}(?:to (?:verify|prove"
                r"|confirm) (?:that )?you(?: are|'re)|so that (?:your|this) (?:message|mail) (?:can"
                r"|will) be delivered)|verify your (?:e-?mail|sender|message)\b.{0,60}deliver"
                r"|approve you as a sender|guest list.{0,60}(?:approve|verif)|your (?:e-?mail"
                r"|message) .{0,80}(?:waiting|held|pending) .{0,40}(?:approval|confirm|verif)|please (?:confirm"
                r"|verify) (?:your|this) (?:e-?mail|message|delivery)|confirm your message)"
            ),
        ),
    ),
)
# What a subject says of itself, wherever it stands: too clear to be a person's.
CLEAR = (
    (
        "English",
        (
            r"\bauto(?:mat(?:ic|ed))?[ -]?(?:reply|response|respond(?:er)?|answer|generated reply|ack)",
            r"\bout[ -]of[ -](?:the[ -])?office",
        ),
    ),
    (
        "Vietnamese",
        (r"tự động (?:trả lời|phản hồi)|(?:trả lời|phản hồi|hồi đáp) tự động|thư (?:trả lời )?tự động",),
    ),
    (
        "German",
        (
            r"automatische (?:antwort|r(?:ü|ue)ckantwort)",
            r"abwesenheits(?:notiz|benachrichtigung|meldung|assistent|agent)|abwesenheit:",
        ),
    ),
    (
        "French",
        (r"r[ée]ponse automatique|absen(?:ce|t) du bureau|message d['\u2019]absence|notification d['\u2019]absence",),
    ),
    (
        "Spanish",
        (r"respuesta autom[áa]tica|fuera de (?:la )?oficina|respuesta de ausencia",),
    ),
    (
        "Italian",
        (r"risposta automatica|fuori (?:sede|ufficio)",),
    ),
    (
        "Portuguese",
        (r"resposta autom[áa]tica|fora d[oe] escrit[óo]rio|aus[êe]ncia tempor[áa]ria",),
    ),
    (
        "Dutch",
        (r"automatisch(?:e)? (?:antwoord|beantwoording|bericht)|afwezigheids?",),
    ),
    (
        "Swedish, Danish, Norwegian",
        (r"automatisk(?:t)? (?:svar|besked)|\bautosvar\b|fr[åa]nvaro(?:meddelande|besked)|frav[æe]rsmelding",),
    ),
    (
        "Finnish",
        (r"automaattinen (?:vastaus|poissaolo)|poissaoloilmoitus",),
    ),
    (
        "Polish",
        (r"automatyczna odpowied[źz]|odpowied[źz] automatyczna|poza biurem",),
    ),
    (
        "Czech, Slovak",
        (r"automatick[áa] odpov[eě][dď]|mimo kancel[áa][rř]",),
    ),
    (
        "Hungarian",
        (r"automatikus (?:v[áa]lasz|[üu]zenet)|h[áa]zon k[íi]v[üu]l",),
    ),
    (
        "Romanian",
        (r"r[ăa]spuns automat|absent de la birou",),
    ),
    (
        "Turkish",
        (r"otomatik (?:yan[ıi]t|cevap)|ofis d[ıi][şs][ıi]nda",),
    ),
    (
        "Russian, Ukrainian",
        (r"автоответ|автоматический ответ|автоматична відповідь|вне офиса|нет на работе",),
    ),
    (
        "Greek",
        (r"αυτόματη απάντηση|εκτός γραφείου",),
    ),
    (
        "Arabic, Hebrew",
        (r"رد تلقائي|خارج المكتب|מענה אוטומטי|תשובה אוטומטית",),
    ),
    (
        "Chinese",
        (r"自动(?:回复|答复|回覆)|自動(?:回覆|回復|答覆)",),
    ),
    (
        "Japanese",
        (r"自動(?:返信|応答|回答)|不在(?:通知|応答|連絡)",),
    ),
    (
        "Korean",
        (r"자동 ?(?:회신|응답|답장)|부재중 ?(?:알림|메시지)?",),
    ),
    (
        "Thai",
        (r"ตอบกลับอัตโนมัติ|ไม่อยู่ที่สำนักงาน",),
    ),
    (
        "Indonesian, Malay",
        (r"balasan (?:otomatis|automatik)|(?:di luar|luar) (?:kantor|pejabat)",),
    ),
)
# Words that a person may write too: they count at the begin of a subject, where an answer has its "Re:".
AT_BEGIN = (
    (
        "English",
        (
            (
                r"(?:i(?: a|['\u2019])m |currently |away |gone |absent )*(?:away|on (?:annual |maternity "
                r"|sick )?(?:vacation|holiday|leave)|vacation|ooo\b|absence)"
            ),
        ),
    ),
    (
        "Vietnamese",
        (r"(?:thông báo )?(?:vắng mặt|nghỉ phép|đi vắng|đang (?:nghỉ|đi công tác)|không có mặt)",),
    ),
    (
        "German",
        (r"abwesend|(?:ich bin )?(?:im urlaub|nicht im (?:b(?:ü|ue)ro|haus)|au(?:ß|ss)er haus)|urlaub",),
    ),
    (
        "French, Spanish, Italian, Portuguese",
        (
            r"absent|absence|ausente|ausencia|aus[êe]ncia|assen(?:te|za)|en (?:cong[ée]s?|vacances)",
            r"de (?:vacaciones|f[ée]rias)|in ferie",
        ),
    ),
    (
        "Dutch, Nordic",
        (r"afwezig|niet aanwezig|fr[åa]nvarande|p[åa] semester|frav[æe]r(?:ende)?|p[åa] ferie|lomalla|poissa",),
    ),
    (
        "Polish, Czech, Hungarian, Turkish",
        (r"nieobecno|urlop|nep[rř][íi]tomn|dovolen|szabads[áa]g|izinde",),
    ),
    (
        "Russian",
        (r"в отпуске|отпуск|отсутств",),
    ),
    (
        "Chinese, Japanese, Korean",
        (r"不在|休(?:假|暇)|外出|出差|휴가|부재",),
    ),
)
_CHALLENGES = any_of(CHALLENGES)
_CLEAR = any_of(CLEAR)
_AT_BEGIN = re.compile(r"[\s\[(<*#!~-]*(?:auto:?\s*)?(?:" + either(AT_BEGIN) + ")", re.IGNORECASE)
# Headers that only an answering machine writes: Postfix' and Exim's vacation, cPanel, Gmail, GroupWise, Zimbra, Yahoo.
_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponse",
    "x-autoreply-from",
    "x-autogenerated",
    "x-mail-autoreply",
    "x-autoreply-domain",
    "x-vacation",
    "x-fc-machinegenerated",
    "x-post-messageclass",
    "x-amazon-auto-reply",
)
_PRECEDENCE = frozenset({"auto_reply", "auto-reply", "autoreply"})
_BULK = frozenset({"bulk", "junk", "list"})
_NO = frozenset({"", "no", "false", "0"})


def is_challenge(headers: Headers, text: str) -> bool:
    """It wants us to prove something; nobody answers."""
    said = f"{headers.get('from')}\n{headers.get('reply-to')}\n{headers.get('subject')}\n{text[:4000]}"
    return _CHALLENGES.search(said) is not None


def is_automatic(headers: Headers) -> bool:
    """A machine's answer by its own marks (RFC 3834, section 5) or by its subject."""
    return _is_marked(headers) or says_away(headers.get("subject"))


def says_away(subject: str) -> bool:
    """The subject is that of an answering machine, in some language."""
    return _CLEAR.search(subject) is not None or _AT_BEGIN.match(subject) is not None


def _is_marked(headers: Headers) -> bool:
    submitted = headers.get("auto-submitted").lower().partition(";")[0].strip()
    if submitted not in _NO:
        return True
    if any(headers.get(name).lower() not in _NO for name in _HEADERS):
        return True
    return headers.get("precedence").lower() in _PRECEDENCE


def without_path(headers: Headers) -> bool:
    """Sent with an empty return path, as machines do that want no answer (RFC 5321, 4.5.5)."""
    return headers.raw("return-path").strip() in {"<>", "< >", "<MAILER-DAEMON>"}


def is_bulk(headers: Headers) -> bool:
    """A list's mail or other mass mail: nobody's answer."""
    return headers.get("precedence").lower() in _BULK or headers.has("list-id") or headers.has("list-unsubscribe")


def kind(headers: Headers, text: str) -> What | None:
    """CHALLENGE, AUTO_REPLY, or None where a person may have written it."""
    if is_challenge(headers, text) and (without_path(headers) or _is_marked(headers) or _asks(headers)):
        return What.CHALLENGE
    if is_automatic(headers):
        return What.AUTO_REPLY
    suppressed = headers.get("x-auto-response-suppress").lower()
    if without_path(headers) or (suppressed not in _NO | {"none"} and headers.has("x-ms-exchange-inbox-rules-loop")):
        return What.AUTO_REPLY
    return None


def _asks(headers: Headers) -> bool:
    """The sender or the subject alone says so."""
    return _CHALLENGES.search(f"{headers.get('from')}\n{headers.get('subject')}") is not None
