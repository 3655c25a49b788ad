"""SPF (RFC 7208): what a domain's record says, followed through its includes. Asks a resolver, nothing else."""

from dataclasses import dataclass, field

from nurture.kernel.dns import Resolver

MOST_LOOKUPS = 10  # 4.6.4: beyond, receivers give up with a permanent error
_LOOKS_UP = frozenset({"include", "a", "mx", "ptr", "exists"})
_KNOWN = _LOOKS_UP | {"all", "ip4", "ip6"}
_MOST_FOLLOWED = 40  # so that a record that leads in circles ends


@dataclass(slots=True)
class Spf:
    """What was found. `all` is the sign of its `all`, `+ - ~ ?`, or empty where there is none."""

    records: int = 0  # at the domain itself: there must be one
    all: str = ""
    lookups: int = 0
    includes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # terms or names that receivers take for an error
    deprecated: bool = False  # it uses ptr


def spf_of(domain: str, resolver: Resolver) -> Spf:
    """What the record of a domain says. DnsError when the DNS does not answer."""
    found = Spf()
    records = _records(domain, resolver)
    found.records = len(records)
    if len(records) == 1:
        found.all = _follow(records[0], resolver, found, {domain})
    return found


def _records(domain: str, resolver: Resolver) -> list[str]:
    return [text for text in resolver.txt(domain) if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def _follow(record: str, resolver: Resolver, found: Spf, seen: set[str]) -> str:
    """Count what the record looks up; gives the sign of its `all`."""
    sign, redirect = "", ""
    for term in record.split()[1:]:
        name, mark, value = _parts(term)
        if mark == "=":
            redirect = value if name == "redirect" else redirect
            continue
        qualifier = name[0] if name[:1] in "+-~?" else "+"
        name = name.lstrip("+-~?")
        if name not in _KNOWN or (name in {"include", "exists", "ip4", "ip6"} and not value):
            found.errors.append(term[:80])
            continue
        if name == "all":
            sign = qualifier
            break  # what stands behind it is never read
        found.deprecated = found.deprecated or name == "ptr"
        if name in _LOOKS_UP:
            found.lookups += 1
        if name == "include":
            _included(value, resolver, found, seen)
    if redirect and not sign:
        found.lookups += 1
        sign = _included(redirect, resolver, found, seen)
    return sign


def _parts(term: str) -> tuple[str, str, str]:
    """Name in lower case, `:` or `=` or `/` or nothing, and what stands behind it."""
    for place, char in enumerate(term):
        if char in ":=/":
            return term[:place].lower(), char, term[place + 1 :].lower()
    return term.lower(), "", ""


def _included(domain: str, resolver: Resolver, found: Spf, seen: set[str]) -> str:
    domain = domain.rstrip(".")
    found.includes.append(domain)
    if domain in seen or len(found.includes) > _MOST_FOLLOWED:
        found.errors.append(domain[:80])
        return ""
    if "%" in domain:  # a macro: what it names depends on the mail
        return ""
    records = _records(domain, resolver)
    if len(records) != 1:
        found.errors.append(domain[:80])
        return ""
    return _follow(records[0], resolver, found, seen | {domain})
