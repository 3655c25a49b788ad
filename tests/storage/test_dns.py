"""Questions to a name server, over the wire."""

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from nurture.kernel.dns import DnsError, SystemResolver

RECORDS = {
    ("a.vn.", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("a.vn.", "MX"): ["20 mx2.a.vn.", "10 mx1.a.vn."],
    ("none.vn.", "MX"): ["0 ."],
    ("mx1.a.vn.", "A"): ["203.0.113.5"],
    ("mx1.a.vn.", "AAAA"): ["2001:db8::5"],
}


def _answer(raw: bytes) -> bytes | None:
    asked = dns.message.from_wire(raw)
    (question,) = asked.question
    name, kind = str(question.name).lower(), question.rdtype.name
    if name == "silent.vn.":
        return None
    answer = dns.message.make_response(asked)
    if name == "broken.vn.":
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif (name, kind) in RECORDS:
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *RECORDS[name, kind]))
    elif not any(known == name for known, _ in RECORDS):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer.to_wire()


@pytest.fixture
def resolver() -> Iterator[SystemResolver]:
    """A resolver that asks a small name server of ours."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    port = server.getsockname()[1]

    def serve() -> None:
        while True:
            raw, peer = server.recvfrom(4096)
            if raw == b"end":
                return
            reply = _answer(raw)
            if reply is not None:
                server.sendto(reply, peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield SystemResolver(["127.0.0.1"], port, patience=0.6)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"end", ("127.0.0.1", port))
    thread.join(5)
    server.close()


def test_records_are_read_as_they_are_meant(resolver: SystemResolver) -> None:
    """Strings are put together, the first choice stands first, hosts have no dot at their end."""
    assert sorted(resolver.txt("a.vn")) == ["other", "v=spf1 -all"]
    assert resolver.mx("a.vn") == [(10, "mx1.a.vn"), (20, "mx2.a.vn")]
    assert resolver.mx("none.vn") == [(0, ".")]
    assert resolver.addresses("mx1.a.vn") == ["203.0.113.5", "2001:db8::5"]


def test_no_record_is_no_error(resolver: SystemResolver) -> None:
    """Neither a name that there is not, nor one without this kind."""
    assert resolver.txt("nowhere.vn") == []
    assert resolver.txt("mx1.a.vn") == []


@pytest.mark.parametrize("name", ["silent.vn", "broken.vn", "x" * 80 + ".vn", "a..vn"])
def test_what_cannot_be_known_is_an_error(resolver: SystemResolver, name: str) -> None:
    """No answer in time, a server that fails, a name that is none."""
    with pytest.raises(DnsError):
        resolver.txt(name)
