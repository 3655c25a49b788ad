"""What receivers and relays say of the address, of the way there, and of nothing in particular. Pure.

The second part of the table in `bounce_sayings`, whose order goes on here.
"""

from nurture.delivery.bounce_reason import BounceReason as Why
from nurture.delivery.bounce_reason import Saying

_WHO = r"(?:user|recipient|mailbox|mail box|addressee|address|account|alias|member|customer|subscriber|person|e-?mail)"
_WHOSE = r"(?:local |remote |virtual |valid |e-?mail |mail |forwarding |destination |final |target |known |active )*"

OF_ADDRESSES = (
    # Said where an address is refused, and not that it is not there.
    Saying(
        Why.POLICY,
        "Facebook's RCP-P2, Google Groups, Exchange's senders allowed, Postfix's restrictions",
        (
            r"recipient preferences|may not have permission|not (?:have )?permission to (?:post|send)",
            r"administratively prohibited|only accepts? (?:mail|messages|e-?mails?) from|not accepting mail from",
            r"recipnotallowed|restricted to|sender not (?:allowed|in) |requires that all senders",
        ),
    ),
    Saying(
        Why.ROUTING,
        "Postfix, Sendmail: a resolver that could not say",
        (r"host not found, try again|name server(?:: \S+)?: (?:host name lookup failure|try again)|\bservfail\b",),
    ),
    Saying(Why.RELAY_DENIED, "qmail: rcpthosts", (r"rcpthosts",)),
    Saying(Why.ROUTING, "qmail: a name that leads to itself", (r"best-preference mx|control/locals",)),
    Saying(
        Why.SYSTEM,
        "procmail, maildrop, Sendmail's and Postfix's commands: the box is there, what fills it fails",
        (
            r"\bprocmail\b|\bmaildrop\b|mailer (?:\S+ )?died|command (?:died|failed|output|time limit)|service error:",
            r"can't create output|unknown mailer error|\bexec(?:utable)? (?:\S+ )?failed",
        ),
    ),
    # The address is not there.
    Saying(
        Why.NO_SUCH_DOMAIN,
        "resolvers, as Postfix, Sendmail, Exim, qmail and Exchange quote them; RFC 7505",
        (
            r"host (?:or domain name )?(?:is )?not found",
            (
                r"(?:host|domain)(?: name)? (?:\S+ )?(?:unknown|not known|does not exist|doesn't exist|not found"
                r"|non-?existent|lookup failed|not exist)"
            ),
            r"(?:unknown|no such|non-?existent|invalid|bad) (?:\w+ )?(?:host|domain)\b|nxdomain",
            r"couldn'?t find any host|cannot find (?:any )?host",
            r"domain \S+ (?:does not exist|doesn't exist|not found|couldn't be found)|null ?mx|accepts? no mail",
            r"does not accept mail \(nullmx|name or service not known|no (?:mx|dns) (?:or a )?(?:record|entr)",
            r"all relevant mx records point to non-existent|mx (?:records? )?.{0,30}non-?existent",
            r"unrouteable (?:mail )?domain|不存在的域名|không tìm thấy host",
            r"(?:host|domain) (?:\S+ )?(?:does not|doesn't) (?:accept|receive) (?:any )?(?:e-?mail|mail)",
            r"domain is not reachable|no smtp service|reject all mails|malformed or unexpected name server reply",
            r"no (?:valid )?(?:mail )?exchanger|(?:bogus|invalid) mx",
            r"mx \S*(?: \S+){0,6} (?:localhost|loopback|private)",
            r"tên miền .{0,16}không tồn tại|illegal host/domain|not found in dns|bad destination (?:system|host)",
            r"address family (?:mismatch|not supported) .{0,20}host|delivery failed\. host",
            r"unresolvable (?:host|domain)|domain (?:has )?no valid mail|nodename nor servname",
        ),
    ),
    Saying(
        Why.MOVED,
        "RFC 3463 X.1.6; RFC 7293; gateways that say where to",
        (
            r"(?:has|have|was|been) (?:\S+ )?moved|no longer (?:\S+ )?(?:with|work|employ|at this|associated)",
            r"has been (?:replaced|superseded)",
            r"(?:address|e-?mail|account)(?: \S+){0,3} (?:has |was )?(?:changed|replaced by)|new (?:e-?mail )?address",
            r"(?:has|have) left (?:the|our|this)|mailbox owner has changed|no forward(?:ing)? address|user has moved",
            r"no longer on(?: this)? server",
        ),
    ),
    Saying(
        Why.MAILBOX_DISABLED,
        "Gmail, Outlook.com, Yahoo, mail.ru, Zoho, Postfix: closed, asleep, suspended",
        (
            (
                r"(?:mail-?\s?box|account|user|address|domain|recipient|customer)(?:'s)?(?: \S+){0,6} (?:is |was "
                r"|has been |are |currently )*(?:temporarily |administratively |permanently "
                r"|currently )?(?:disabled|suspended|inactive|in-active|deactivated|de-activated|locked|frozen"
                r"|dormant|expired|closed|blocked|not active|discontinued|restricted|terminated|cancell?ed"
                r"|unavailable for inactivity|not activated|on hold)"
            ),
            (
                r"(?:disabled|suspended|inactive|deactivated|locked|closed|expired|frozen|not active) (?:e-?mail "
                r"|mail )?(?:mail-?box|account|user|recipient|address)"
            ),
            r"account (?:that you tried to reach is|is not) (?:disabled|inactive|active)|extended inactivity",
            r"(?:account|mailbox|user) is temporarily unavailable|recipient suspend",
            r"due to inactivity|email account is over its limits of inactivity",
            r"not accepting (?:any )?(?:mail|message)s? (?:due|because)|\bis inactive\b",
            r"user (?:is )?(?:not logged in|deactivated)|not paid|mailbox currently unavailable|discarding",
        ),
    ),
    Saying(
        Why.NO_SUCH_USER,
        "Postfix, Sendmail, Exim, qmail, Exchange, Domino, Gmail, Outlook.com (5.5.0 mailbox unavailable),"
        " Yahoo (dd, no account), iCloud, mail.ru, Zoho, QQ, cPanel",
        (
            (
                rf"(?:{_WHO}s?)(?:\S+)?(?: name)?(?: \S+){{0,3}} (?:is |was |are |be |currently |an? )*"
                r"(?:unknown|invalid"
                r"|illegal|not (?:be )?(?:found|known|listed|valid|exist)|non-?existent|unavailable|not available"
                r"|not (?:a )?(?:local|our)|not recogni[sz]ed|undeliverable|unrouteable|undefined|not here)"
            ),
            (
                r"(?:unknown|invalid|no such|non-?existent|not a (?:valid|known)|illegal|undefined|bad"
                r"|unable to find|cannot find|no|not our|isn't a|wrong|unrouteable|undeliverable|not a|not known"
                rf"|can't find|couldn't find) {_WHOSE}{_WHO}s?\b"
            ),
            (
                r"(?:does not|doesn'?t|do not|don'?t|did not|didn't|not) (?:exist|have an? (?:\S+ )?(?:account"
                r"|mailbox))"
            ),
            r"user doesn't have|no such (?:person|one|user|address|mailbox|recipient)",
            r"unknown (?:to|at|in) (?:address|this|our|my)|no mailbox (?:here|by that|found|with)",
            r"not (?:a )?(?:listed|found) in",
            r"not (?:listed )?in (?:the |domino |our )?(?:directory|public|name|addr|alias|local)|recipientnotfound",
            r"adr\.ex(?:recip)?notfound|user unknown|unknown user|nosuchuser|no_such_user",
            r"unknown_?(?:rcpt|recipient|user)|recipient address rejected: access denied",
            r"isn't (?:in|on) (?:my|our|the)|there is no (?:user|one|mailbox)",
            r"this (?:user|address|account|recipient) (?:\S+ )?(?:doesn't|does not|isn't|is not|no longer)",
            r"no longer (?:valid|available|in use|active|exist|accept)|(?:name|user|address|recipient)\S* not found",
            r"could not be found|couldn't be found|wasn't found|not found at",
            r"delivery to (?:this|the following) recipients? (?:address )?(?:is )?not (?:allowed|possible)",
            r"does not (?:like|have) (?:recipient|a mailbox)|not our customer|addr(?:ess)? (?:\S+ )?(?:typo|misspell)",
            r"mailbox (?:name )?(?:not allowed|unavailable|not found)|requested action not taken: mailbox",
        ),
    ),
    Saying(
        Why.NO_SUCH_USER,
        "Cox, Cloudmark, IMail, InterScan and others",
        (
            r"\b5\.1\.\d\b.{0,80}\b(?:address|recipient) (?:address )?rejected\.?(?: \(| esmtp|$)",
            r"invalid (?:final )?(?:delivery )?user ?id|check (?:if|that|whether) (?:the )?address is correct",
            r"(?:unknown|invalid|no such) local[- ]?part|user ?unknown|(?:address|recip(?:ient)?|user)_?not_?found",
            r"invalid-recipient|no one with that (?:e-?mail )?address|no such mail ?drop|handle mail for that user",
            r"address is not (?:valid|known|recogni[sz]ed)|recipient (?:can ?not|could not) be verified|no exist\b",
            r"dosn't exist|(?:address|account|mailbox) has been (?:removed|deleted)|incorrectly addressed",
            r"not a (?:valid )?(?:mailbox|user|recipient) (?:here|at|on)|name not recogni[sz]ed",
        ),
    ),
    Saying(
        Why.NO_SUCH_USER,
        "help pages of Vietnamese hosts (vietnap.vn, hainhan.com, mail.zing.vn); GMX and Web.de; NTT and KDDI; Yandex",
        (
            r"(?:địa chỉ|hộp thư|tài khoản|người (?:nhận|dùng)|email).{0,30}không (?:tồn tại|hợp lệ|có thật|tìm thấy)",
            r"không tìm thấy (?:người|địa chỉ|hộp)",
            (
                r"(?:empfänger|adresse|postfach|benutzer).{0,30}(?:unbekannt|existiert nicht|nicht (?:gefunden"
                r"|bekannt|vorhanden))"
            ),
            (
                r"(?:宛先|アドレス|ユーザ|受信者).{0,20}(?:存在しません|見つかりません|ありません|不明"
                r"|存在していません)"
            ),
            r"(?:destinataire|adresse|utilisateur|boîte).{0,30}(?:inconnu|n'existe pas|introuvable|invalide)",
            (
                r"(?:usuario|destinatario|direcci[oó]n|buz[oó]n|cuenta).{0,30}(?:desconocid|no existe|inexistente"
                r"|no encontrad|no v[aá]lid)"
            ),
            r"(?:utente|indirizzo|casella).{0,30}(?:sconosciut|non esiste|inesistente)",
            r"usu[aá]rio .{0,20}(?:desconhecido|n[aã]o existe)",
            r"nie (?:istnieje|ma takiego)|destin\S* (?:sconosciut|errat)",
            r"(?:пользовател|ящик|адрес|получател).{0,40}(?:не найден|не существует|не обнаружен|неизвест)",
            r"(?:用户|收件人|邮箱|地址).{0,12}(?:不存在|无效|未找到)",
        ),
    ),
    # The way there.
    Saying(
        Why.RELAY_DENIED,
        "Postfix, Exim, Exchange 5.7.64, MDaemon",
        (
            r"relay(?:ing)? (?:\S+ ){0,4}(?:denied|prohibited|not (?:permitted|allowed)|is not|disallowed|refused)",
            r"unable to relay|not (?:a )?relay",
            r"(?:no|not an? open|cannot|won't|not permitted to|don't|does not|insecure mail) relay|relay access",
            r"isn't in my (?:list of allowed|control/)|rcpthosts|not (?:a )?gateway|we do not relay|relay through",
            r"forbidden for|relaynotpermitted|not local(?:ly)? host|must check (?:for new )?mail (?:first|before)",
            r"pop before smtp",
        ),
    ),
    Saying(
        Why.EXPIRED,
        "Postfix, Sendmail, Exim, Exchange 4.4.7, qmail, Gmail",
        (
            (
                r"(?:message|delivery|queue|mail|retry) (?:\S+ ){0,3}(?:time(?:out|d out)? exceeded|expired"
                r"|too old|timed? ?out)"
            ),
            r"retry timeout exceeded|too long in queue|(?:been )?in the queue (?:for )?too long",
            r"could not be delivered (?:for|within|after)|delivery (?:time )?expired|maximum (?:retr|queue|time)",
            r"expired before|hop count|(?:gave|given|giving) up (?:after|trying)",
            r"(?:been )?(?:trying|attempted) (?:\S+ ){0,6}(?:for|days|hours)|not delivered within",
            r"unable to deliver .{0,30}(?:days|hours)|deliver\S* attempts? (?:\S+ ){0,3}exceeded|undeliverable for",
        ),
    ),
    Saying(
        Why.ROUTING,
        "Exim, Sendmail, Exchange: loops and unreachable names",
        (
            r"too many hops|mail(?:er)? loop|loop(?:s|ing)? (?:back|detected|to)|routing loop|unrouteable|no route",
            r"route to host|config(?:uration)? error .{0,30}mx|local configuration error",
            r"mx (?:\S+ )?(?:points? to|list|record)|points? back to|name service error",
            r"dns (?:error|failure|server|lookup)|domain lookup|host name lookup|lookup failure|unable to route",
            r"all hosts .{0,40}permanently",
        ),
    ),
    Saying(
        Why.NETWORK,
        "sockets, as mailers quote them; RFC 3463 X.4.1, X.4.2",
        (
            (
                r"connection (?:\S+ ){0,3}(?:refused|timed ?out|reset|closed|dropped|lost|failed|broken|died"
                r"|was (?:closed|lost|reset))"
            ),
            r"(?:network|host|server) (?:is )?(?:unreachable|not respond|down)|lost connection",
            r"(?:could not|couldn't|cannot|unable to|failed to) (?:\S+ )?connect|no answer from|timed? ?out",
            r"broken pipe|operation timed|establish an smtp connection|not respond(?:ing)?|ssl|\btls\b|handshake",
            r"socket error",
        ),
    ),
    Saying(
        Why.SYSTEM,
        "local delivery agents and their disks; RFC 3463 X.3.x",
        (
            (
                r"(?:internal|server|local|system|software|unknown mailer|temporary|i/o|database|lmtp|ldap"
                r"|configuration|program|command) (?:\S+ )?(?:error|failure|problem|fault)"
            ),
            r"system (?:resources|not accepting|is busy)|service (?:is )?(?:not|un|temporarily|currently)",
            r"out of memory|aliasing/forwarding loop|procmail|maildrop|can't (?:create|open|write)",
            r"cannot (?:create|open|write|append|update|allocate)|permission denied|mailer (?:\S+ )?died",
            r"unable to (?:open|lock|create|write)|try again later|temporar|bounce\.|maintenance|resources temporarily",
            r"insufficient (?:system )?(?:resources|storage)|disk full|no space",
        ),
        vague=True,
    ),
    Saying(
        Why.POLICY,
        "Exchange 5.7.1 and its kin, Postfix's access tables, cPanel, Proofpoint, Mimecast",
        (
            r"polic(?:y|ies)|administrative(?:ly)? (?:prohibit|den|reject|block|lock)|access (?:is )?denied|denied by",
            r"not (?:allowed|authori[sz]ed|permitted|accepted|welcome)|prohibit|refused|rejected|blocked|block|filter",
            r"denied|reject|bann?ed|unacceptable|go away|transaction failed|not accept|restricted|only accept",
            r"don'?t (?:want|accept)|does not accept",
        ),
        vague=True,
    ),
)
