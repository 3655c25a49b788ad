"""What receivers and relays say when they refuse, in their words. Pure.

One row for each saying: the reason, whose words they are, and a pattern over the text in lower case with single
spaces. The first row that fits decides, so that the order is part of the table: who says that the sender is on a list
says nothing of the address, even if "user unknown" stands in the next sentence, and a full mailbox exists.
"""

import re
from functools import cache

from nurture.delivery.bounce_addresses import OF_ADDRESSES
from nurture.delivery.bounce_reason import BounceReason as Why
from nurture.delivery.bounce_reason import Saying

SAYINGS = (
    # Our standing with the receiver: says nothing of the recipient, whatever else is said.
    Saying(Why.GREYLISTED, "RFC 6647; Postgrey, milter-greylist, SQLgrey", (r"gr[ea]y-?\s?list",)),
    Saying(
        Why.REPUTATION,
        "Spamhaus, SpamCop, Barracuda and other lists, as Postfix, Exim and Exchange quote them",
        (
            r"spamhaus|spamcop|barracudacentral|\brbl\b|\bdnsbl\b|sorbs\.net|uceprotect|abuseat|invaluement|spamrats",
            r"mailspike|surbl|uribl|senderbase|senderscore|talosintelligence|cloudmark\.com|black-?\s?list",
            r"block-?\s?list|deny-?\s?list|(?:is|are|was|been|currently|ip|host|found) (?:\S+ )?listed (?:on|in|at|by)",
            r"blocked using",
        ),
    ),
    Saying(
        Why.REPUTATION,
        "Gmail, Outlook.com, Yahoo, iCloud, Vade: a bad name",
        (
            r"\b(?:bad|low|poor|very low|no|ip|sender|sending|domain)(?: \w+)? reputation|reputation of (?:the|your)",
            r"banned send",
            (
                r"(?:ip|address|host|sender|server|network|domain|client|you)\S* (?:\S+ ){0,3}(?:is|are|was|been"
                r"|being|has been|have been) (?:\w+ )?(?:banned|block(?:ed|listed))"
            ),
            r"part of their network is on our block|s3140|s3150|messages? from \S+ (?:were|was|temporarily|weren't)\b",
            r"tenant has exceeded threshold|ipfilter|unusual rate of unsolicited|dynamic (?:ip|host|pool)|dial-?up",
            r"residential|\[?tss?0[1-9]\]?|\[?ts0[0-9]\]?|unsolicited mail originating|likely unsolicited",
            r"refused\. your ip|ip address (?:is |has been )?(?:reject|refus)|access denied\. ip name lookup|bad ?ip",
            r"poor rep|due to complaints|user complaints",
        ),
    ),
    Saying(
        Why.AUTHENTICATION,
        "RFC 7208, RFC 6376, RFC 7489, RFC 7372; Gmail 5.7.26, Outlook 5.7.515",
        (
            r"\bspf\b|\bdkim\b|\bdmarc\b|sender policy framework|domainkeys|sender id \(pra\)",
            r"unauthenticated (?:e-?mail|mail)|email is unauthenticated",
            r"authentication (?:checks?|information|results|failed|failure|required|mechanism)|not authenticated",
            r"requires authentication|must (?:be )?authenticate|authentication is required|smtp auth\b",
            r"not authorized to send|not permitted sender|openspf",
        ),
    ),
    Saying(
        Why.AUTHENTICATION,
        "RFC 1912, RFC 7372 5.7.25: no name of the sending address, or another's",
        (
            r"reverse (?:dns|hostname|lookup|map)|\bptr\b|\brdns\b|fcrdns|cannot find your (?:reverse )?hostname",
            r"(?:unresolvable|unknown|invalid) (?:helo|client host)|helo command rejected",
            r"client host rejected: cannot find|ip name (?:lookup|forgery)|forward-confirmed",
            r"hostname (?:lookup|verification|is invalid)|invalid (?:helo|ehlo)",
            r"(?:helo|ehlo) (?:name|hostname|argument)",
        ),
    ),
    Saying(
        Why.SENDER,
        "Postfix, Exim, Sendmail: the envelope's sender does not please",
        (
            r"sender (?:address )?(?:rejected|verify|verification|unknown|denied|not exist)|verify sender",
            r"could not verify sender|sender.?s? (?:domain|address) (?:of |\S+ )?(?:must|does not|doesn't|not|is)",
            r"domain of sender|(?:invalid|bad|unknown|unresolvable) (?:envelope )?(?:sender|return-?path|mail from)",
            r"unroutable sender|return address|callback|(?:can't|cannot) verify (?:the )?sender|from address",
            r"sender (?:is )?(?:not|in)valid|mail from command|5\.1\.[78] |mail from (?:domain|address)",
            r"non-?existent sender",
            r"your (?:e-?mail )?(?:address|domain)\b.{0,30}(?:not exist|invalid|blocked|not allowed)",
        ),
    ),
    # The box is there, and cannot take it now.
    Saying(
        Why.MAILBOX_FULL,
        "Postfix, Dovecot, Exim, Exchange, Gmail, Yahoo, courier, qmail's vpopmail",
        (
            (
                r"(?:mail-?\s?box|in-?box|mail-?drop|mailfolder|account|user'?s?|maildir|recipient'?s?"
                r"|storage)(?:'s)?(?: \S+){0,4} (?:is |are |was )?(?:almost |too |currently )?(?:full"
                r"|over-?\s?quota)\b"
            ),
            r"quota(?: \S+){0,3} (?:exceed|full|reached|violation|limit)",
            (
                r"(?:exceed\S*|over|out of|above|beyond|off) (?:\S+ ){0,4}(?:disk |storage |mail "
                r"|mailbox )?(?:quota|storage allocation|storage limit)"
            ),
            r"disk quota|over-?quota|overquota|quotaexceeded|mailbox(?: \S+)? size limit|mailbox_?full|full mailbox",
            r"not enough (?:storage|disk )?space|insufficient (?:disk |storage )?space|out of (?:storage )?space",
            r"exceeded (?:the )?(?:space|mailbox|storage|its) |exceeds? (?:the )?(?:mailbox|allowed space|storage)",
            r"mailbox has exceeded|maximum (?:mailbox|storage) size|too many messages (?:in|on) (?:this|the) mailbox",
            r"(?:disk|mail|mail box|storage) ?space (?:limit|not enough)|mailbox (?:size )?limit|too much mail stored",
            r"(?:size|storage|space) limit of (?:this|the|your|its) mailbox|storage limit|over its size limit",
            r"maximum allowed (?:mailbox|storage)|mailbox (?:size )?exceed|(?:limit|quota) ex(?:c)?eeded for this",
            r"no (?:more )?(?:space|room) left|delivery failed: over quota|storage exceeded|user has too many messages",
        ),
    ),
    Saying(
        Why.MAILBOX_FULL,
        "Viettel, VNPT, P.A Vietnam and others by help pages (hainhan.com, tinhocvanphong.com.vn); German,"
        " Japanese, French, Spanish, Russian hosts",
        (
            r"hộp thư (?:\S+ ){0,3}đầy|đầy hộp thư|vượt (?:quá )?dung lượng hộp thư|postfach (?:\S+ )?voll",
            r"メールボックス.{0,12}(?:一杯|いっぱい|容量)|bo[iî]te (?:\S+ ){0,3}pleine|buz[oó]n (?:\S+ ){0,3}lleno",
            r"почтовый ящик .{0,20}переполнен|casella (?:\S+ ){0,2}piena|caixa (?:\S+ ){0,3}cheia",
        ),
    ),
    Saying(
        Why.SIZE,
        "RFC 1870 and those who keep to it",
        (
            (
                r"(?:message|mail|e-?mail|size|content|attachment|file|header|body)s?(?: \S+){0,5} (?:is |are "
                r"|was )?too (?:large|big|long)"
            ),
            r"message (?:file )?size (?:\(?\d+|exceed|limit|\S+ exceed|is )|exceed\S* (?:\S+ ){0,5}(?:message )?size",
            r"size (?:of (?:the|this|your) message )?(?:\S+ ){0,3}exceed",
            r"larger than (?:the )?(?:current|maximum|system|allowed)|max(?:imum)? (?:message )?size",
            r"message length exceed|too large to (?:be )?(?:deliver|send)|dung lượng thư .{0,12}vượt",
        ),
    ),
    Saying(
        Why.RATE,
        "Gmail 4.2.1 and 4.7.28, Exchange 4.3.2, Outlook, Postfix's anvil",
        (
            r"rate limit|ratelimit",
            r"too many (?:invalid|unknown) (?:recipient|user)|excessive user ?id unknowns",
            r"too many (?:connection|message|recipient|concurrent|mail|e-?mail|session|error|smtp|bad)",
            r"receiving (?:mail|e-?mail|messages) (?:too quickly|at a rate)|thrott?l|try again later, (?:rate|closing)",
            r"exceeded (?:\S+ ){0,6}(?:per|hour|day|rate|connection|recipients|limit for)",
            r"daily (?:\S+ )?(?:limit|quota)|sending limit|message (?:rate|submission rate)|recipient thread limit",
            r"mail flood|sent too many|slow down",
            r"(?:connection|concurrency|sending|message|recipient|hourly) (?:\S+ )?limit",
            r"deferred due to (?:user|excess)|hop ?count exceeded\b|unusual traffic",
            r"excessive (?:rate|number|traffic)|max(?:imum)? (?:\S+ )?recipients",
        ),
    ),
    # What we wrote.
    Saying(
        Why.CONTENT,
        "virus scanners and attachment rules; Gmail's 552 5.7.0 guidelines",
        (
            r"\bvirus|malware|infected|trojan|\bworm\b|phish",
            r"attachment (?:\S+ ){0,4}(?:not|block|type|reject|guideline)",
            (
                r"(?:blocked|illegal|forbidden|banned|unacceptable|prohibited|dangerous"
                r"|executable) (?:\S+ )?(?:attachment|file|content)"
            ),
            r"improper use of 8-bit|headers? (?:\S+ )?(?:missing|syntax|invalid|malformed|not accept|rejected)",
            r"(?:missing|invalid|malformed|duplicate|bad) (?:\S+ )?(?:header|mime|from:|date:|message-id)",
            r"bare (?:lf|cr|linefeed)|rfc[ -]?(?:2822|5322|2821|5321)|not (?:rfc|compliant)|security reasons",
            r"presents a potential|(?:line|header)s? too long|conversion (?:is )?(?:required|not)|8bitmime|smtputf8",
            r"not (?:support|accept)\S* (?:\S+ )?(?:mime|8bit|html)",
        ),
    ),
    Saying(
        Why.SPAM,
        "SpamAssassin, rspamd, Barracuda, Proofpoint, Gmail, mail.ru, QQ and others",
        (
            r"\bspam|spam(?:my|ming|assassin|filter|trap)|rspamd|unsolicited|\bu[bc]e\b|bulk (?:e-?mail|mail)|junk",
            r"suspicious|content (?:\S+ ){0,3}(?:reject|block|den|refus|filter|unacceptable)|message content",
            r"rejected (?:\S+ ){0,3}(?:content|by (?:our )?(?:content|filter))|(?:mail|message) (?:\S+ )?looks like",
            r"\[?hvu:b[0-9]\]?|high(?:ly)? (?:probab|score)|advert|classified as|cảnh báo thư rác|thư rác|gặp thư rác",
        ),
    ),
    *OF_ADDRESSES,
)


@cache
def compiled() -> tuple[tuple[Saying, re.Pattern[str]], ...]:
    """Each with its pattern, made at the first refusal: it takes as long as loading fifty modules."""
    return tuple((saying, re.compile("|".join(saying.patterns))) for saying in SAYINGS)
