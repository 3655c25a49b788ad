"""The naive way of tracking: a Flask route that inserts and commits a row for each hit, under the same server (I/O).

`python -m nurture.bench.naive_clicks PORT URL KEYS`
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, abort, redirect
from granian import Granian
from granian.constants import Interfaces

from nurture.kernel.clock import SystemClock
from nurture.kernel.database import Database
from nurture.kernel.signing import load_ring
from nurture.messages.links import read_click

_metadata = sa.MetaData()
hits = sa.Table(
    "naive_hits", _metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("message_id", sa.BigInteger),
    sa.Column("url", sa.Text), sa.Column("agent", sa.Text), sa.Column("at", sa.Text),
)  # fmt: skip
_THREADS = 16


def make(url: str, keys: Path) -> Any:
    """The application."""
    app, ring, database, clock = Flask(__name__), load_ring(keys), Database(url), SystemClock()
    insert = "INSERT INTO naive_hits (message_id, url, at) VALUES (:message, :url, :at)"

    @app.get("/c/<token>")
    def clicked(token: str) -> Any:
        click = read_click(ring, token)
        if click is None:
            abort(404)
        with database.write() as conn:
            conn.execute(
                sa.text(insert), {"message": click.message_id, "url": click.target, "at": clock.real().isoformat()}
            )
        return redirect(click.target)

    @app.get("/login")
    def ready() -> Response:
        return Response("ready")

    return app


def prepare(url: str) -> None:
    """Make its table."""
    database = Database(url)
    _metadata.create_all(database.engine)
    database.close()


def count(url: str) -> int:
    """How many rows it has written."""
    database = Database(url)
    try:
        with database.read() as conn:
            return int(conn.execute(sa.select(sa.func.count()).select_from(hits)).scalar_one())
    finally:
        database.close()


def main() -> None:
    """Serve."""
    port, url, keys = sys.argv[1:]
    server = Granian(
        "naive", address="127.0.0.1", port=int(port), interface=Interfaces.WSGI, workers=1,
        blocking_threads=_THREADS, backpressure=1024, log_enabled=False,
    )  # fmt: skip
    server.serve(target_loader=partial(make, url, Path(keys)), wrap_loader=False)


if __name__ == "__main__":
    main()
