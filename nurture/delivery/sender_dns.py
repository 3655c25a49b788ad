"""What the DNS says of our senders: SPF, DKIM and DMARC of each From domain, and who takes returns. Asks a resolver.

Receivers ask for one of SPF and DKIM that is *aligned*, of the From domain or its organization (RFC 7489, 3.1).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from nurture.delivery.dkim import DkimKey
from nurture.delivery.dkim_keys import record
from nurture.delivery.spf import MOST_LOOKUPS, spf_of
from nurture.kernel.dns import DnsError, Resolver
from nurture.kernel.findings import Finding, Section
from nurture.kernel.i18n import N_

_S = Section("dns")
_AWAY = N_("The DNS does not answer for %(name)s (%(error)s)")
_ASK_AGAIN = N_("is this machine on the network? Try again, or ask with: dig TXT %(name)s")
# Second labels under which organizations register: com.vn, co.uk. The whole list changes daily; these are most.
_SECOND = frozenset(
    {"com", "co", "net", "org", "edu", "ac", "gov", "gob", "or", "ne", "go", "info", "biz", "name", "health"}
)


def organization(domain: str) -> str:
    """The domain that was registered: `anphat.com.vn` of `mail.anphat.com.vn`."""
    labels = domain.lower().rstrip(".").split(".")
    deep = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND else 2
    return ".".join(labels[-deep:])


def of_domain(domain: str, envelope: str, keys: Sequence[DkimKey], resolver: Resolver) -> Iterator[Finding]:
    """All that concerns mail from one domain, whose return path is in `envelope`'s, signed by these keys."""
    yield from _asked(domain, partial(spf, envelope, resolver))
    for key in keys:
        yield from _asked(record(key).name, partial(dkim, key, resolver))
    if not keys:
        yield _S.warning(
            N_("Mail from @%(domain)s is not signed by nurture"),
            N_("unless your relay signs it, make a key: nurture dkim new %(domain)s"),
            domain, domain=domain,
        )  # fmt: skip
    yield from _asked(f"_dmarc.{domain}", partial(dmarc, domain, envelope, keys, resolver))


def _asked(name: str, ask: Callable[[], Iterable[Finding]]) -> list[Finding]:
    try:
        return list(ask())
    except DnsError as error:
        return [_S.warning(_AWAY, _ASK_AGAIN, name, name=name, error=error)]


def spf(domain: str, resolver: Resolver) -> Iterator[Finding]:
    """The servers that may send for a domain of return paths."""
    found = spf_of(domain, resolver)
    told = {"domain": domain}
    if not found.records:
        yield _S.wrong(
            N_("%(domain)s has no SPF record: receivers cannot tell your servers from a forger's"),
            N_("add a TXT record such as: v=spf1 include:<your relay> ~all"), domain, **told,
        )  # fmt: skip
        return
    if found.records > 1:
        yield _S.wrong(
            N_("%(domain)s has %(count)s SPF records: receivers take that for an error"),
            N_("put them together into one"), domain, count=found.records, **told,
        )  # fmt: skip
        return
    if found.errors:
        yield _S.wrong(
            N_("The SPF record of %(domain)s has what receivers cannot read: %(terms)s"),
            N_("mend or remove it; an include must name a domain that has one SPF record"),
            domain, terms=", ".join(found.errors[:3]), **told,
        )  # fmt: skip
    if found.lookups > MOST_LOOKUPS:
        yield _S.wrong(
            N_("The SPF record of %(domain)s takes %(count)s lookups; from 11 on receivers give up"),
            N_("remove includes that no longer send for you"), domain, count=found.lookups, **told,
        )  # fmt: skip
    if found.all == "+":
        yield _S.wrong(
            N_("The SPF record of %(domain)s lets everybody send (+all)"),
            N_("end it with ~all or -all"),
            domain,
            **told,
        )
    elif found.all in {"", "?"}:
        yield _S.warning(
            N_("The SPF record of %(domain)s says nothing about other servers"), N_("end it with ~all or -all"),
            domain, **told,
        )  # fmt: skip
    if found.deprecated:
        yield _S.warning(
            N_("The SPF record of %(domain)s uses ptr, which many receivers pass over"),
            N_("name the servers by ip4, ip6 or include"), domain, **told,
        )  # fmt: skip
    yield _S.ok(N_("SPF of %(domain)s: one record, %(count)s lookups"), domain, count=found.lookups, **told)


def tags(text: str) -> dict[str, str]:
    """`v=DKIM1; k=rsa; p=…` by tag, blanks gone (RFC 6376, 3.2); a tag that stands twice has its first value."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, mark, value = part.partition("=")
        if mark:
            found.setdefault(name.strip().lower(), "".join(value.split()))
    return found


def dkim(key: DkimKey, resolver: Resolver) -> Iterator[Finding]:
    """Whether the DNS has our key."""
    ours = record(key)
    wanted = tags(ours.value)
    there = [tags(text) for text in resolver.txt(ours.name)]
    told = {"name": ours.name}
    if not there:
        yield _S.wrong(
            N_("%(name)s is not in the DNS: our signatures are worth nothing"),
            N_("enter it: %(line)s"), ours.name, line=ours.zone_line, **told,
        )  # fmt: skip
        return
    if len(there) > 1:
        yield _S.wrong(
            N_("%(name)s stands in the DNS %(count)s times"), N_("keep the one that is: %(line)s"),
            ours.name, count=len(there), line=ours.zone_line, **told,
        )  # fmt: skip
        return
    (one,) = there
    if not one.get("p"):
        yield _S.wrong(N_("%(name)s has been revoked in the DNS"), N_("enter it anew: %(line)s"), ours.name,
                       line=ours.zone_line, **told)  # fmt: skip
    elif one["p"] != wanted["p"] or one.get("k", "rsa") != wanted["k"]:
        yield _S.wrong(
            N_("%(name)s in the DNS is another key than the one we sign with: every signature fails"),
            N_("change it to: %(line)s"), ours.name, line=ours.zone_line, **told,
        )  # fmt: skip
    elif "y" in one.get("t", "").split(":"):
        yield _S.warning(
            N_("%(name)s says that it is only being tested (t=y)"), N_("take t=y out, once all goes well"),
            ours.name, **told,
        )  # fmt: skip
    else:
        yield _S.ok(N_("DKIM: %(name)s is the key we sign with"), ours.name, **told)


def dmarc(domain: str, envelope: str, keys: Sequence[DkimKey], resolver: Resolver) -> Iterator[Finding]:
    """What the domain asks receivers to do with mail that is neither, and whether ours is aligned."""
    policy = _policy(domain, resolver)
    told = {"domain": domain}
    if policy is None:
        yield _S.warning(
            N_("%(domain)s has no DMARC policy; Gmail and Yahoo ask those who send much for one"),
            N_("add a TXT record at _dmarc.%(domain)s, to begin with: v=DMARC1; p=none; rua=mailto:<you>"),
            domain, **told,
        )  # fmt: skip
    elif policy.get("p", "").lower() not in {"none", "quarantine", "reject"}:
        yield _S.wrong(
            N_("The DMARC record of %(domain)s has no policy that receivers know"),
            N_("p= must be none, quarantine or reject"), domain, **told,
        )  # fmt: skip
    else:
        yield _S.ok(N_("DMARC of %(domain)s: p=%(policy)s"), domain, policy=policy["p"].lower(), **told)
    asked = policy or {}
    by_spf = _aligned(domain, envelope, strict=asked.get("aspf", "r").lower() == "s")
    by_dkim = any(_aligned(domain, key.domain, strict=asked.get("adkim", "r").lower() == "s") for key in keys)
    if by_spf or by_dkim:
        ways = " + ".join(name for name, is_so in (("SPF", by_spf), ("DKIM", by_dkim)) if is_so)
        yield _S.ok(N_("Mail from @%(domain)s is aligned by %(ways)s"), domain, ways=ways, **told)
        return
    is_enforced = asked.get("p", "none").lower() != "none"
    text = N_("Mail from @%(domain)s is aligned neither by its return path (@%(envelope)s) nor by a key of ours")
    mend = N_("sign with a key of %(domain)s, or let bounces come back to an address of it")
    make = _S.wrong if is_enforced else _S.warning
    yield make(text, mend, domain, envelope=envelope, **told)


def _policy(domain: str, resolver: Resolver) -> dict[str, str] | None:
    """Of the domain itself, else of its organization (RFC 7489, 6.6.3)."""
    for place in dict.fromkeys((domain, organization(domain))):
        found = [
            text for text in resolver.txt(f"_dmarc.{place}") if text.replace(" ", "").lower().startswith("v=dmarc1")
        ]
        if len(found) == 1:
            policy = tags(found[0])
            return {**policy, "p": policy.get("sp", policy.get("p", ""))} if place != domain else policy
    return None


def _aligned(domain: str, other: str, *, strict: bool) -> bool:
    return domain == other if strict else organization(domain) == organization(other)


def returns(address: str, resolver: Resolver) -> Iterator[Finding]:
    """Whether mail to the address of returns has somewhere to go."""
    domain = address.rpartition("@")[2]
    try:
        found = resolver.mx(domain)
        bare = resolver.addresses(domain) if not found else []
    except DnsError as error:
        yield _S.warning(_AWAY, _ASK_AGAIN, domain, name=domain, error=error)
        return
    mend = N_("add an MX record, or take an address of a domain that receives mail")
    if any(host == "." for _, host in found) or not (found or bare):
        yield _S.wrong(N_("Nobody takes mail for @%(domain)s: bounces and refusals by mail are lost"), mend, domain,
                       domain=domain)  # fmt: skip
    elif not found:
        yield _S.warning(N_("@%(domain)s has no MX record, only an address"), mend, domain, domain=domain)
    else:
        yield _S.ok(N_("Mail to @%(domain)s goes to %(host)s"), domain, domain=domain, host=found[0][1])
