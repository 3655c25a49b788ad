"""A gateway of text messages is talked to as its handbook says."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from nurture.outbound.address import allowed
from nurture.outbound.conversation import Line
from nurture.outbound.model import Answer, Call, CallKind, Stage
from nurture.outbound.transports.gateway import GatewayTransport, filled, found, written
from tests.storage.outbound.receiver import receiving

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
BODY = {"to": "{phone}", "text": "{text}", "id": "{id}", "key": "{token}", "deep": {"list": ["{phone}", 7]}}
LINE = Line(allowed(("127.0.0.1",)))
HEADER = "Authorization: Bearer {token}"
HOSTILE = 'Chào {id} {phone} "},"x":1\r\n&to=evil'


def _call(text: str = HOSTILE) -> Call:
    return Call(1, "p", CallKind.SMS, 1, "msg_1", "", "+84901234567", text, 1, AT, AT, 1, None, None, "hi")


def _send(url: str, **options: Any) -> Answer:
    return GatewayTransport(url, BODY, HEADER, "geheim", LINE, **options).hand_over(_call(), AT)


def test_places_are_filled_in_and_no_text_reaches_out_of_its_place() -> None:
    """In JSON."""
    with receiving() as receiver:
        assert _send(receiver.url, phone="national").status == 200
    (got,) = receiver.got
    sent = {"to": "0901234567", "text": HOSTILE, "id": "msg_1", "key": "geheim", "deep": {"list": ["0901234567", 7]}}
    assert json.loads(got.body) == sent
    assert (got.headers["authorization"], got.headers["idempotency-key"]) == ("Bearer geheim", "msg_1")


def test_a_form_is_a_form() -> None:
    """Nor there."""
    with receiving() as receiver:
        _send(receiver.url, is_form=True, phone="plain")
    fields = dict(parse_qsl(receiver.got[0].body, keep_blank_values=True))
    assert (fields["to"], fields["text"]) == ("84901234567", HOSTILE)
    assert fields.keys() == BODY.keys()


@pytest.mark.parametrize(
    ("text", "refused", "reference"),
    [
        ('{"CodeResult": "100", "SMSID": "abc"}', False, "abc"),
        ('{"CodeResult": 100, "SMSID": 17}', False, "17"),
        ('{"CodeResult": "104", "SMSID": ""}', True, ""),
        ('{"other": 1}', True, ""),
        ("OK", True, ""),
    ],
)
def test_the_answer_is_read_as_set(text: str, reference: str, *, refused: bool) -> None:
    """Whether it says yes, and its own number of the message."""
    with receiving() as receiver:
        receiver.text = text
        answer = _send(receiver.url, good="CodeResult=100", reference="SMSID")
    assert (answer.stage, answer.refused, answer.reference) == (Stage.ANSWERED, refused, reference)


def test_a_gateway_on_an_inner_address_must_be_named() -> None:
    """As webhooks."""
    transport = GatewayTransport("http://127.0.0.1:1/", BODY, HEADER, "", Line())
    assert transport.hand_over(_call(), AT).stage is Stage.BLOCKED
    assert GatewayTransport("nonsense", BODY, HEADER, "", Line()).hand_over(_call(), AT).stage is Stage.BLOCKED


@pytest.mark.parametrize(
    ("form", "number"), [("e164", "+84901234567"), ("plain", "84901234567"), ("national", "0901234567")]
)
def test_numbers_are_written_as_wanted(form: str, number: str) -> None:
    """A foreign one has no national form."""
    assert written("+84901234567", form) == number
    assert written("+442079460018", "national") == "+442079460018"


def test_only_known_places_are_places() -> None:
    """Other braces stay; what is found in an answer may be deep."""
    assert filled({"a": "{x} {phone} {", "b": None}, {"phone": "1"}) == {"a": "{x} 1 {", "b": None}
    assert found({"data": [{"id": True}]}, "data.0.id") == "true"
    assert found({"data": []}, "data.0.id") == ""
