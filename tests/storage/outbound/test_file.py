"""The file transport writes a line for each message and says what the disk says."""

import json
from datetime import UTC, datetime
from pathlib import Path

from nurture.outbound.model import Call, CallKind, Stage
from nurture.outbound.transports.file import FileTransport

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
CALL = Call(1, "p", CallKind.SMS, 1, "msg_1", "", "+84901234567", "Chào\nAn", 1, AT, AT, 1, None, None, "hi")


def test_one_line_each(tmp_path: Path) -> None:
    """Also of a text of two lines."""
    transport = FileTransport(tmp_path / "sms.jsonl")
    assert transport.hand_over(CALL, AT).stage is Stage.ANSWERED
    transport.hand_over(CALL, AT)
    lines = (tmp_path / "sms.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["Chào\nAn"] * 2


def test_a_folder_that_is_gone_is_no_bug(tmp_path: Path) -> None:
    """It is tried again."""
    assert FileTransport(tmp_path / "gone" / "x").hand_over(CALL, AT).stage is Stage.CONNECT
