"""Writes text messages into a file, a JSON document in each line, and sends none: until there is a gateway."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nurture.outbound.model import Answer, Call, Stage


@dataclass(frozen=True, slots=True)
class FileTransport:
    """Into this file. Who reads it can tell the same message by its id."""

    path: Path
    repeats: bool = True

    def hand_over(self, call: Call, at: datetime) -> Answer:
        """Add a line."""
        data = {"id": call.webhook_id, "at": at.isoformat(), "to": call.target, "text": call.body}
        line = json.dumps(data, ensure_ascii=False) + "\n"
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, line.encode())
            finally:
                os.close(handle)
        except OSError as error:
            return Answer(Stage.CONNECT, text=str(error)[:200])
        return Answer(Stage.ANSWERED, 200, "", reference=call.webhook_id)
