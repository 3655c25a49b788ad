"""What a sender process really writes: signed, with a return path that names the message; its keys stay with it."""

import re
from pathlib import Path

import sqlalchemy as sa

from nurture.delivery.dkim_keys import load_keys, new_key
from nurture.kernel.settings import read_settings
from nurture.messages import verp
from nurture.messages.tables import messages
from tests.faults.sink import Script
from tests.faults.test_phases import _handed_over
from tests.unit.delivery.verifying import verified

COUNT = 3


def test_mail_through_a_sender_is_signed_and_names_its_return_path(sqlite_url: str, tmp_path: Path) -> None:
    """Keys lie in the data folder; the sender gets them over its pipe."""
    for kind in ("rsa", "ed25519"):
        new_key(read_settings({"NURTURE_DATA_DIR": str(tmp_path)}), "anphat.example", kind, kind)
    given = {"NURTURE_MAIL_FROM": "An Phát <tin@anphat.example>", "NURTURE_BOUNCE_ADDRESS": "bounces@anphat.example"}

    with _handed_over(sqlite_url, tmp_path, Script(), COUNT, **given) as bench:
        keys = load_keys(bench.ctx.settings)
        with bench.ctx.database.read() as conn:
            ids = set(conn.execute(sa.select(messages.c.id)).scalars())
        paths = [found[1].decode() for line in bench.sink.commands if (found := re.search(rb"FROM:<(\S+)>", line))]

    assert len(bench.sink.mails) == COUNT
    assert [verified(mail, *keys) for mail in bench.sink.mails] == [[True, True]] * COUNT
    assert {verp.read(bench.ctx.keys, path) for path in paths} == ids
    journals = b"".join(path.read_bytes() for path in (tmp_path / "senders").glob("*"))
    assert b"PRIVATE KEY" not in journals
