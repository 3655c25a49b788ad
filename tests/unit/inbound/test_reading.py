"""What a mail that came back says, in the order in which it is asked."""

import pytest

from nurture.delivery.bounce import HARD, BounceReason
from nurture.inbound.model import Return, What
from nurture.inbound.reading import read
from tests.unit.inbound.samples import NOW, OURS, RING, SENT, answer, complaint, mail, notice, report

GONE = (
    "Final-Recipient: rfc822; lan@khach.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no user"
)


def the(raw: bytes) -> Return:
    (one,) = read(raw, RING, NOW)
    return one


def test_a_report_names_our_message_by_its_signed_path_and_by_its_quoted_id() -> None:
    got = the(report(GONE))

    assert (got.what, got.address, got.status) == (What.BOUNCED, "lan@khach.test", "5.1.1")
    assert (got.message_id, got.header_id) == (4711, "m4711.abc@anphat.test")
    assert got.reason is BounceReason.NO_SUCH_USER
    assert got.source == "mail"


@pytest.mark.parametrize("name", ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"])
def test_the_signed_path_is_found_wherever_a_mailer_writes_it(name: str) -> None:
    raw = mail(f"{name}: <{OURS.upper()}>\nFrom: postmaster@khach.test\nTo: bounces@anphat.test\nSubject: failure")
    assert the(raw).message_id == 4711


def test_a_path_that_we_did_not_sign_names_nothing() -> None:
    token, _, domain = OURS.partition("@")
    forged = f"{token[:-4]}zzzz@{domain}"
    raw = report(GONE, to=forged).replace(OURS.encode(), forged.encode())
    assert the(raw).message_id is None


@pytest.mark.parametrize(
    ("action", "what"),
    [("failed", What.BOUNCED), ("delayed", What.DELAYED), ("delivered", What.DELIVERED), ("relayed", What.DELIVERED),
     ("expanded", What.DELIVERED), ("Failed (no such mailbox)", What.BOUNCED)],
)  # fmt: skip
def test_the_action_says_what_happened_whatever_the_status(action: str, what: What) -> None:
    fields = f"Final-Recipient: rfc822; lan@khach.test\nAction: {action}\nStatus: 5.1.1"
    assert the(report(fields)).what is what


def test_each_recipient_of_a_report_is_told_by_itself() -> None:
    two = f"{GONE}\n\nFinal-Recipient: rfc822; hoa@khach.test\nAction: delayed\nStatus: 4.2.2"

    first, second = read(report(two), RING, NOW)

    assert (first.what, first.address) == (What.BOUNCED, "lan@khach.test")
    assert (second.what, second.address, second.reason) == (What.DELAYED, "hoa@khach.test", BounceReason.MAILBOX_FULL)
    assert first.key != second.key


def test_the_address_that_we_wrote_to_goes_before_the_one_it_was_forwarded_to() -> None:
    fields = "Original-Recipient: rfc822; lan@khach.test\n" + GONE.replace("lan@khach", "box7@hosting")
    assert the(report(fields)).address == "lan@khach.test"


def test_a_report_may_write_addresses_in_utf8() -> None:
    fields = "Final-Recipient: utf-8; l\\x{00ea}@khach.test\nAction: failed\nStatus: 5.1.1"
    assert the(report(fields)).address == "lê@khach.test"


def test_user_unknown_in_answer_to_data_closes_no_address() -> None:
    """With the mail in hand a filter says so as well."""
    fields = "Final-Recipient: rfc822; lan@khach.test\nAction: failed\nStatus: 5.0.0\n"
    said = fields + "Diagnostic-Code: smtp; 550 Unknown user (in reply to end of DATA command)"
    assert the(report(said)).reason not in HARD
    assert the(report(said.replace("end of DATA", "RCPT TO"))).reason in HARD


def test_the_same_mail_has_the_same_keys_however_it_came() -> None:
    raw = report(GONE)
    assert the(raw).key == the(b"Received: from b by c\r\n" + raw).key == the(raw.replace(b"\r\n", b"\n")).key


def test_a_complaint_is_no_bounce() -> None:
    got = the(complaint())
    assert (got.what, got.address, got.message_id) == (What.COMPLAINED, "lan@khach.test", 4711)


def test_a_report_of_two_complaints_tells_two() -> None:
    raw = complaint(more="Original-Rcpt-To: lan@khach.test\nOriginal-Rcpt-To: hoa@khach.test\n")
    assert [one.address for one in read(raw, RING, NOW)] == ["lan@khach.test", "hoa@khach.test"]


@pytest.mark.parametrize(
    ("kind", "what"),
    [("abuse", What.COMPLAINED), ("fraud", What.COMPLAINED), ("opt-out", What.UNSUBSCRIBED), ("not-spam", What.OTHER),
     ("auth-failure", What.OTHER)],
)  # fmt: skip
def test_the_type_of_feedback_decides(kind: str, what: What) -> None:
    assert the(complaint(kind)).what is what


# mailer, its words, address, reason
NOTICES = (
    (
        "qmail",
        "Hi. This is the qmail-send program at khach.test.\nI'm afraid I wasn't able to deliver your message.\n\n"
        "<lan@khach.test>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 no such user here\n"
        "Giving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\n" + SENT,
        BounceReason.NO_SUCH_USER,
    ),
    (
        "exim",
        (
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
            "delivered.\nThe following address(es) failed:\n\n  lan@khach.test\n    SMTP error from remote mail server "
            "after RCPT TO:<lan@khach.test>:\n    host mx [192.0.2.1]: 552 mailbox is full\n"
        ),
        BounceReason.MAILBOX_FULL,
    ),
    (
        "sendmail",
        (
            "   ----- The following addresses had permanent fatal errors -----\n<lan@khach.test>\n"
            "    (reason: 550 5.1.2 Host unknown)\n"
        ),
        BounceReason.NO_SUCH_DOMAIN,
    ),
    (
        "exchange",
        (
            "Your message did not reach some or all of the intended recipients.\n\n      Subject:\tBang gia\n\n"
            "The following recipient(s) could not be reached:\n\n      lan@khach.test on 23/11/2026 09:01\n"
            "            The message was blocked by spam filters\n"
        ),
        BounceReason.SPAM,
    ),
    (
        "vietnamese",
        "Thư của bạn không thể gửi được đến địa chỉ <lan@khach.test>\nLý do: hộp thư người nhận không tồn tại\n",
        BounceReason.NO_SUCH_USER,
    ),
)


@pytest.mark.parametrize(("body", "reason"), [row[1:] for row in NOTICES], ids=[row[0] for row in NOTICES])
def test_a_notice_in_free_form_is_read(body: str, reason: BounceReason) -> None:
    got = the(notice(body))
    assert (got.what, got.address, got.reason, got.message_id) == (What.BOUNCED, "lan@khach.test", reason, 4711)


def test_a_warning_that_somebody_still_tries_is_no_bounce() -> None:
    body = (
        "THIS IS A WARNING MESSAGE ONLY.\n\nYour mail to <lan@khach.test> is delayed.\nIt will be retried for 5 days.\n"
    )
    assert the(notice(body, subject="Warning: could not send message for past 4 hours")).what is What.DELAYED


def test_exim_says_the_address_in_a_header() -> None:
    raw = notice("No details were given.", more="X-Failed-Recipients: lan@khach.test\n", subject="Mail delivery failed")
    assert the(raw).address == "lan@khach.test"


def test_a_subject_that_unsubscribes_is_a_no() -> None:
    got = the(answer("", subject="unsubscribe abcdef"))
    assert (got.what, got.sender, got.subject) == (What.UNSUBSCRIBED, "lan@khach.test", "unsubscribe abcdef")


def test_a_person_answers_with_their_own_words() -> None:
    got = the(answer("Cho tôi xin báo giá.\n\nVào 09:00, An Phát <tin@anphat.test> đã viết:\n> Chào bạn\n"))
    assert (got.what, got.sender, got.text) == (What.REPLIED, "lan@khach.test", "Cho tôi xin báo giá.")
    assert got.header_id == "m4711.abc@anphat.test"


def test_a_date_that_cannot_be_is_not_believed() -> None:
    told = report(GONE).replace(b"Nov 2026 02", b"Nov 2031 02").replace(b"Nov 2026 01", b"Nov 2031 01")
    assert the(told).at == NOW
    assert the(report(GONE)).at < NOW


def test_amazons_events_are_read_out_of_its_mails_too() -> None:
    event = (
        '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":'
        '"lan@khach.test","status":"5.1.1"}]},"mail":{"source":"OURS"}}\n\n--\nUnsubscribe here'
    ).replace("OURS", OURS)
    got = the(mail("From: no-reply@sns.test\nSubject: AWS Notification Message", event))
    assert (got.what, got.source, got.address, got.message_id) == (What.BOUNCED, "mail", "lan@khach.test", 4711)
