"""The ways of mail: what the DNS says of its senders, whether relays, the mailbox and our own address answer."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from nurture.cli.examinations import Place
from nurture.cli.examinations.settings import from_domain, is_reserved
from nurture.delivery import relays, sender_dns
from nurture.delivery.conversation import Conversation, Timeouts
from nurture.delivery.dkim import Signer
from nurture.delivery.dkim_keys import RESIGNING, load_keys
from nurture.delivery.relays import Route
from nurture.delivery.wire import ConversationEnded
from nurture.inbound.transports import BoxError, transports
from nurture.kernel.dns import DnsError
from nurture.kernel.errors import NurtureError
from nurture.kernel.findings import Finding, Section
from nurture.kernel.i18n import N_
from nurture.kernel.relays import is_loopback
from nurture.kernel.text import clean
from nurture.outbound.address import Allowed
from nurture.outbound.conversation import Line, get
from nurture.outbound.target import TargetError, read_target

_QUICK = Timeouts(connect=4, greeting=4, command=4)
_SECONDS = 5.0
_DNS, _RELAYS, _INBOX, _WEB = (Section(key) for key in ("dns", "relays", "inbox", "web"))
_STAYS = N_("Not asked: no mail leaves this machine")
_OFFLINE = N_("Not asked (--offline)")


def dns(place: Place) -> Iterator[Finding]:
    """SPF, DKIM and DMARC of every domain that mail comes from, and who takes returns."""
    settings = place.settings
    if place.resolver is None or settings.stays_here:
        yield _DNS.ok(_OFFLINE if place.resolver is None else _STAYS)
        return
    try:
        resolver, keys = place.resolver(), load_keys(settings)
    except (DnsError, NurtureError) as error:
        yield _DNS.warning(
            N_("The DNS cannot be asked (%(error)s)"), N_("mend what stands above, then try again"), error=error
        )
        return
    resigned = all(one.preset in RESIGNING for one in relays.of(settings))
    bounces = settings.bounce_address.rpartition("@")[2]
    for domain in sorted({from_domain(settings), *relays.own_domains(settings)}):
        if is_reserved(domain):
            continue
        own = () if resigned else Signer(keys).keys_for(domain)
        yield from sender_dns.of_domain(domain, bounces or domain, own, resolver)
    if settings.bounce_address:
        yield from sender_dns.returns(settings.bounce_address, resolver)


def ways(place: Place) -> Iterator[Finding]:
    """Whether each relay takes us, as far as its sign-in; no mail is handed over."""
    outside = [one for one, entry in zip(relays.of(place.settings), place.settings.relays, strict=True) if entry.relay]
    if place.is_offline or not outside:
        yield _RELAYS.ok(_OFFLINE if place.is_offline else N_("Mail stays in the built-in mailbox"))
        return
    with ThreadPoolExecutor(min(8, len(outside))) as several:
        yield from several.map(_way, outside)


def _way(one: Route) -> Finding:
    try:
        line = Conversation(one.way, _QUICK)
    except ConversationEnded as ended:
        said = f"{ended.reply.code} {ended.reply.text}" if ended.reply is not None else ended.cause
        return _RELAYS.wrong(
            N_("%(relay)s does not take us (%(phase)s): %(said)s"),
            N_("does its address stand right, is the port open from here, do name and password hold?"), one.key,
            relay=one.way.shown, phase=ended.phase, said=clean(said, 300),
        )  # fmt: skip
    line.quit()
    return _RELAYS.ok(N_("%(relay)s takes us: greeting, encryption and sign-in went well."), one.key,
                      relay=one.way.shown)  # fmt: skip


def inbox(place: Place) -> Iterator[Finding]:
    """Whether the mailbox of returns opens; nothing in it is touched."""
    wanted = place.settings.inbox_url
    if wanted is None or place.is_offline:
        yield _INBOX.ok(N_("No mailbox is read") if wanted is None else _OFFLINE)
        return
    try:
        box = transports()[wanted.protocol].connect(wanted, ssl.create_default_context())
        box.close()
    except (BoxError, OSError) as error:
        yield _INBOX.wrong(
            N_("The mailbox does not open: %(error)s"), N_("does NURTURE_INBOX_URL hold, is the port open from here?"),
            wanted.host, error=str(error)[:200],
        )  # fmt: skip
        return
    yield _INBOX.ok(N_("%(inbox)s opens"), wanted.host, inbox=wanted.host)


def web(place: Place) -> Iterator[Finding]:
    """Whether leads reach the links in their mail."""
    settings = place.settings
    url = settings.base_url
    if not settings.stays_here and not settings.links_reach_leads:
        yield _WEB.wrong(
            N_("Leads outside cannot open %(url)s: nothing is sent"),
            N_("set NURTURE_BASE_URL to your public address, with https"), "NURTURE_BASE_URL", url=url,
        )  # fmt: skip
    if place.is_offline:
        return
    try:
        target = read_target(f"{url}/healthz")
    except TargetError:
        return
    own = Line(allow=Allowed(frozenset({(target.host, target.port)})), seconds=_SECONDS)
    if get(own, target, 1000) is not None:
        yield _WEB.ok(N_("%(url)s answers"), url, url=url)
    elif is_loopback(urlsplit(url).hostname or ""):
        yield _WEB.warning(N_("Nothing answers at %(url)s"), N_("start it: nurture up, or nurture web"), url, url=url)
    else:
        yield _WEB.warning(
            N_("%(url)s does not answer from here"),
            N_("does a page open from a phone? If it does, only this machine cannot reach it; if not, look at the "
               "proxy, its certificate, and at nurture web"), url, url=url,
        )  # fmt: skip
