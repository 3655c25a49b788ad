"""By what a bounce in free form is known, and where it says whom it is about: mailers' quirks as rows. Pure.

A row is whose words they are, and patterns of which any will do.
"""

import re
from collections.abc import Iterable, Sequence

Rows = Iterable[tuple[str, Sequence[str]]]


def either(rows: Rows) -> str:
    """One pattern for all rows."""
    return "|".join(pattern for _, patterns in rows for pattern in patterns)


def any_of(rows: Rows) -> re.Pattern[str]:
    """Finds what any row names, whatever the case."""
    return re.compile(either(rows), re.IGNORECASE)


# Who writes them: local part or display name of From.
SENDERS = (
    (
        "RFC 5321 and most mailers",
        (r"mailer[-_. ]?daemon|post-?master|mail[-_ ]?daemon|mdaemon|\bdaemon\b",),
    ),
    (
        "Sendmail, Exim, Postfix, Gmail, Exchange",
        (r"mail delivery (?:sub)?system|mail delivery (?:service|agent|status)|delivery sub-?system",),
    ),
    (
        "Exchange, Office 365, InterScan, Groupwise",
        (r"system administrator|microsoft ?(?:exchange|outlook)|\bsystem\.administrator|mail ?system",),
    ),
    (
        "gateways",
        (
            r"mail(?:er)?[-_ ]?(?:gateway|router|transfer)|smtp (?:gateway|server|mailer)",
            r"message (?:transfer|delivery)|mmdf|internet mail delivery",
        ),
    ),
    (
        "those who say it",
        (
            r"\bbounces?[-_+@\b]|undeliver|non-?delivery|delivery[-_ ](?:failure|status|error|notification)",
            r"return(?:ed)?[-_ ]?mail|mail returned",
        ),
    ),
    (
        "Lotus Domino, iPlanet, Notes",
        (r"mail router|internet mail|notes (?:server|router)",),
    ),
)
# What their subject says. Those of a delay are looked at first.
DELAYS = (
    (
        "English",
        (
            r"\bdelay|\bwarning\b|still (?:being )?(?:trying|retried)|could not send message for past",
            r"not (?:yet )?(?:been )?delivered|temporar|transient|postponed|message (?:status )?waiting",
            r"will (?:keep|continue) trying",
        ),
    ),
    (
        "Vietnamese, German, French, Spanish, Japanese",
        (r"chậm trễ|trì hoãn|verz[öo]ger|retard|demor|retras|ritard|atras|遅延|延迟|延遲",),
    ),
)
FAILURES = (
    (
        "English",
        (
            r"undeliver|non[- ]?deliver|not (?:be )?(?:able to (?:be )?)?deliver",
            r"deliver(?:y|ed|ing)?\b.{0,40}(?:fail|error|problem|status|notif|report|unsuccess|impossible|reject)",
            r"fail(?:ure|ed)?\b.{0,30}(?:deliver|notice|notif|mail|send|deliver)",
            r"return(?:ed|ing)?\b.{0,20}(?:mail|message|to sender|e-?mail)",
            r"mail (?:system )?(?:error|status report|failure)",
            r"message (?:status|not delivered|undeliver|rejected|could not|delivery|error)",
            r"unknown (?:user|address|recipient)|user unknown",
            r"(?:bad|invalid|no such|unknown) (?:address|user|recipient|host|mailbox)",
            (
                r"(?:mail|message|e-?mail) (?:\S+ ){0,3}(?:not delivered|rejected|refused|blocked|returned"
                r"|could not be|cannot be|was not|undelivered)"
            ),
            r"mailbox (?:is )?(?:full|over)|over quota|quota exceeded|unable to deliver",
            r"can(?:no|')t (?:be )?(?:deliver|send)|bounce|ndn:|nondeliver|failure notice|delivery status notification",
            r"dsn:|problem with (?:your )?(?:mail|message)|mail ?system|error sending",
            r"(?:mail|message)(?: could)? (?:not )?(?:be )?(?:sent|processed)",
        ),
    ),
    (
        "Vietnamese",
        (
            r"không (?:thể )?(?:gửi|chuyển|phát|giao|nhận) (?:được )?(?:thư|tin|email|đến)?",
            r"(?:thư|email|tin nhắn).{0,20}(?:bị trả lại|không gửi được|không (?:thể )?chuyển)",
            r"gửi thư (?:thất bại|không thành công)|lỗi (?:gửi|chuyển) thư",
        ),
    ),
    (
        "German",
        (
            r"unzustellbar|nicht (?:zugestellt|zustellbar|ausgeliefert)|zustell(?:ung|fehler)|unzustellbarkeit",
            r"fehler bei|r[üu]ck(?:läufer|sendung)",
        ),
    ),
    (
        "French",
        (
            r"non (?:remis|distribu|d[ée]livr)|[ée]chec|retour(?:n[ée])? .{0,20}(?:mail|message|courrier)",
            r"impossible de (?:remettre|distribuer|d[ée]livrer)|erreur",
        ),
    ),
    (
        "Spanish, Portuguese, Italian",
        (
            r"no (?:se )?(?:ha )?(?:podido )?(?:entreg|envi)|error|devuelto|rechazad|n[ãa]o (?:foi )?(?:entreg|enviad)",
            r"devolvid|fal(?:ha|la|ló)|non (?:[èe] stat[oa] )?(?:consegn|recapit)|mancat[ao] (?:consegna|recapito)",
            r"impossibile",
        ),
    ),
    (
        "Dutch, Nordic, Polish, Russian",
        (
            r"niet (?:worden )?(?:bezorgd|afgeleverd)|onbestelbaar|kunde? (?:ikke|inte) lever|kan (?:ikke|inte) lever",
            r"niedostarcz|nie dostarcz|недоставл|не (?:может быть )?доставл|возврат|ошибк",
        ),
    ),
    (
        "Chinese, Japanese, Korean",
        (
            r"退信|未(?:送达|能送达)|投递失败|无法(?:投递|送达)|系统退信|配[信送](?:できません|失敗|不能|エラー)",
            r"送信(?:でき|失敗|エラー)|不達|エラー|반송|배달 실패|전송 실패",
        ),
    ),
)
# What their text says: enough by itself where who wrote it is a machine.
PHRASES = (
    (
        "qmail and its kin",
        (
            r"i'm afraid i wasn't able to deliver",
            (
                r"this is the (?:qmail|mail|mailer|mail delivery|qmail-send|bounce) ?(?:send)? ?(?:program|system"
                r"|agent)"
            ),
            r"does not like recipient|failed recipients|non-delivery report|has been postponed|mailbox unavailable",
            r"i(?:'ve| have) given up|sorry it didn't work out",
        ),
    ),
    (
        "Exim",
        (
            r"this message was created automatically by mail delivery software|following address\(es\) failed",
            r"a message that you (?:have )?sent (?:could not be|has not been|was)",
            r"could not be delivered to (?:one or more|all|the)",
        ),
    ),
    (
        "Sendmail",
        (
            r"the following addresses had|transcript of session|the original message was received at",
            r"permanent fatal errors|transient non-fatal errors|unsent message|message was undeliverable",
        ),
    ),
    (
        "Postfix",
        (
            r"this is the (?:\S+ )?(?:postfix|mail system)(?: program)?|i'm sorry to have to inform you",
            r"your message could not be delivered",
        ),
    ),
    (
        "Exchange, Office 365",
        (
            r"did not reach the following recipient|delivery has failed to these",
            r"your message (?:couldn't|wasn't|could not|did not|was not|can't|cannot|has been (?:reject|block))",
            r"there was a problem deliver|the following recipient\(?s?\)? (?:could|cannot|can ?not)",
        ),
    ),
    (
        "Gmail, Yahoo, AOL, Zoho, mail.ru",
        (
            r"delivery to the following recipients? (?:has )?(?:been )?(?:failed|delayed)",
            r"sorry, we were unable to deliver your message|address not found|message not delivered|message blocked",
            r"your message to \S+ (?:has been|couldn't|could|was|is)|delivery failed",
            r"(?:mail|message) was not delivered|recipient inbox full|undelivered message",
        ),
    ),
    (
        "Domino, GroupWise, MMDF, PMDF, others",
        (
            r"could not (?:be )?(?:deliver|send|complete|process)|cannot be deliver|not be deliver|unable to deliver",
            r"undeliver|(?:was|were|been|be) (?:rejected|returned|refused|bounced|unsuccessful)",
            r"failed (?:recipient|address|to deliver)|failure|delivery (?:error|failure|problem|fail)|not delivered",
            r"can'?t deliver|no such (?:user|address|mailbox)|user unknown",
            r"unknown (?:user|local|address|recipient|host)|does(?:n't| not) exist|mailbox (?:is )?full|over ?quota",
            r"not deliverable|error (?:while|occur|in|delivering)|rejected|could not be found|unzustellbar",
            r"konnte nicht|nicht zugestellt|n'a pas pu|non remis|no (?:se )?(?:ha )?pud|n[ãa]o (?:p[ôo]de|foi)",
            r"non [èe] stat|не (?:было |может быть |удалось )?доставл|配信|届け|送信|不在|退回|無法|无法",
        ),
    ),
    (
        "Vietnamese",
        (
            r"không (?:thể )?(?:gửi|chuyển|phát|giao|nhận)|không tồn tại|bị (?:trả lại|từ chối)",
            r"gửi (?:thư )?(?:thất bại|không thành công)",
        ),
    ),
)
STILL_TRYING = (
    (
        "Sendmail, Exim, Postfix",
        (
            r"(?:this is a )?warning (?:message )?only|do(?:es)? not need to resend|no action is required",
            r"has not yet been (?:delivered|sent)|not yet been delivered",
            r"will (?:continue|keep|be retried|retry|try|be attempted)|still (?:trying|being)|delivery attempts will",
        ),
    ),
    (
        "Gmail, Exchange",
        (
            r"delivery (?:to the following recipients? )?has been delayed|message (?:is )?delayed|delivery incomplete",
            r"is delayed|continue to (?:try|attempt)|temporary (?:problem|failure|error).{0,80}(?:retry|try)",
            r"delayed mail",
        ),
    ),
    (
        "German, French, Spanish, Vietnamese",
        (
            r"erneut versucht|weitere zustellversuche|nouvelles? tentatives?|se (?:seguir[áa]|volver[áa])",
            r"sẽ (?:tiếp tục|thử) (?:gửi|lại)",
        ),
    ),
)
# Lines after which the mail that came back stands.
ORIGINALS = (
    (
        "qmail, ezmlm",
        (
            r"-{2,}.{0,10}(?:below|above) this line is (?:a copy|the)|-{2,} enclosed is a copy",
            r"-{2,} undelivered message follows",
        ),
    ),
    (
        "Exim",
        (
            r"-{2,} ?this is a copy of (?:the|your)|-{2,} the (?:body|header)|a copy of the (?:original )?message",
            r"-{3,}.{0,20}(?:headers only|header only)",
        ),
    ),
    (
        "Sendmail, Gmail, Yahoo",
        (
            (
                r"-{2,}\s*(?:original message|unsent message|message header|returned (?:mail|message)"
                r"|original mail|message (?:follows|text)|body of message|header of message|forwarded message"
                r"|start of).{0,60}"
            ),
        ),
    ),
    (
        "Exchange, Notes, AOL, iPlanet",
        (
            r"(?:received|return-path|return path):.{0,300}",
            (
                r"(?:original (?:message|e-?mail|mail)(?: headers?| text| follows?)?|message headers?"
                r"|your (?:original )?message(?: follows| reads(?: \(in part\))?)?|headers? (?:of (?:the"
                r"|your) )?(?:original )?(?:message|mail)?)\s?(?:follows?|is|was|text)?\s?[:.]\s*"
            ),
        ),
    ),
    (
        "others",
        (
            (
                r"(?:\*{3,}|={3,}|-{2,}|_{3,}|>{3,})\s?.{0,30}(?:original|undelivered|returned|enclosed|attached"
                r"|copy of|message contents|begin)\b.{0,60}"
            ),
            (
                r".{0,60}(?:text|copy|content|header|first \S+ (?:lines|bytes))s? of (?:the|your) (?:original "
                r"|returned |undelivered )?(?:message|e-?mail|mail) (?:follows|below|is|are|attached).{0,40}"
            ),
            r"the (?:first|non-delivered|undelivered|unsent) .{0,40}(?:message|mail) (?:is|follows|below).{0,40}",
        ),
    ),
)
# Before an address of which something is said, and no address that is meant.
CONTACTS = (
    r"contact|(?:mail|messages?|e-?mails?) from|postmaster|help ?desk|support|assistance|administrator|abuse"
    r"|mail(?:ing)? to:? ?$|send (?:e-?mail|mail|a message) to|from:? ?<?$|sender|return-path|reply|message-?id"
    r"|report.{0,20} to|mailto:|\bby\b|\bvia\b"
)
# Before the address that is meant.
NAMED = (
    r"(?:rcpt to|smtp|to|for|recipients?|address(?:es|ee)?|user|mailbox|account|destination|deliver(?:y|ed|ing)?"
    r"|addressed to|\ban\b|destinataire|destinatario|empf[äa]nger|người nhận|địa chỉ|đến|宛先|收件人|получател\w*)"
)
