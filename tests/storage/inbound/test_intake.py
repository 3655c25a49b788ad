"""A mail that is brought: read, acted on and committed together, or put aside, or not taken at all."""

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from nurture.inbound.intake import Mail, take
from nurture.inbound.tables import returns
from nurture.kernel.context import Context
from nurture.messages.tables import messages
from nurture.messages.verp import return_path
from tests.storage.inbound.ground import kinds, refusal, rows, sent
from tests.storage.inbound.test_fetch import reply

REPORT = """From: MAILER-DAEMON@mx.example\r
To: {path}\r
Message-ID: <dsn{number}@mx.example>\r
Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
I could not deliver your mail.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
\r
Final-Recipient: rfc822; lead{number}@example.com\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 User unknown\r
--b--\r
"""


def _report(context: Context, number: int) -> bytes:
    return REPORT.format(path=return_path(context.keys, "bounces@anphat.example", number), number=number).encode()


def test_a_report_by_our_return_path_ends_message_and_address(context: Context) -> None:
    """Whole way from the bytes; brought twice it counts once, and the reactions are rung for."""
    sent(context)
    raw = _report(context, 1)
    assert take(context, [Mail("", raw)]).outcomes == {"bounced:done": 1}
    assert context.wake.reactions.is_set()
    assert take(context, [Mail("", raw), Mail("", b"Received: by another way\r\n" + raw)]).new == 0
    assert [row.state for row in rows(context, messages)] == ["bounced"]
    assert (refusal(context), kinds(context)) == ("bounced", ["message_bounced"])


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff\xfe", b"From: \r\n" * 50, b"Subject: =?utf-8?b?////?=\r\n\r\n\xed\xa0\x80\x00"]
)
def test_no_bytes_are_refused(context: Context, raw: bytes) -> None:
    """An administrator sees what nobody understands."""
    sent(context)
    assert take(context, [Mail("", raw)]).new == 1
    assert [row.state for row in rows(context, returns)] == ["waiting"]


def test_a_mail_that_breaks_what_acts_on_it_is_put_aside(context: Context) -> None:
    """With its error and its bytes; the others of its batch count."""
    sent(context, 3)

    def burst(_conn: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "INSERT INTO activities" in statement and "nobody can keep this" in str(parameters):
            raise RuntimeError("it burst")

    event.listen(context.database.engine, "before_cursor_execute", burst)
    raws = [reply(1), reply(2, "nobody can keep this"), reply(3)]
    applied = take(context, [Mail("", raw) for raw in raws])
    event.remove(context.database.engine, "before_cursor_execute", burst)
    assert applied.outcomes == {"replied:done": 2, "other:failed": 1}
    (aside,) = [row for row in rows(context, returns) if row.outcome == "failed"]
    assert (aside.state, aside.raw, aside.diagnostic) == ("waiting", raws[1], "RuntimeError: it burst")


def test_without_a_database_nothing_is_taken(context: Context) -> None:
    """Whoever brings it keeps it."""

    def down(*_: object) -> None:
        raise OperationalError("select", {}, Exception("the database is gone"))

    event.listen(context.database.engine, "before_cursor_execute", down)
    with pytest.raises(OperationalError):
        take(context, [Mail("", reply(1))])
    event.remove(context.database.engine, "before_cursor_execute", down)
    assert rows(context, returns) == []
