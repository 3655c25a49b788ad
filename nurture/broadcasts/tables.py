"""The table of broadcasts. Their audience is the rows of messages that bear their id."""

import sqlalchemy as sa

from nurture.kernel.database import Id, Instant, Json, column, key_column, metadata

broadcasts = sa.Table(
    "broadcasts",
    metadata,
    key_column(),
    column("key", sa.Text, unique=True, personal=False),
    column("name", sa.Text, personal=False),
    column("state", sa.Text, personal=False),  # model.BroadcastState
    column("definition", Json, personal=False),  # plain data, as in a file
    column("version", sa.Integer, server_default="1", personal=False),  # grows with each change of the definition
    # the first of those that were sent again to whom they had missed; itself where there is no other
    column("root_id", Id, nullable=True, personal=False),
    column("before_state", sa.Text, nullable=True, personal=False),  # what a paused one goes back to
    column("reason", sa.Text, server_default="", personal=False),  # why the engine paused it; empty: a person did
    column("starts_at", Instant, nullable=True, personal=False),  # engine time for which it is scheduled
    column("started_at", Instant, nullable=True, personal=False),  # engine time of the snapshot
    column("written_until", Id, nullable=True, personal=False),  # the last lead whose message is written
    column("written_at", Instant, nullable=True, personal=False),  # engine time: the audience is complete
    # revisions of its texts by variant and language, {"a": {"vi": 12}}; null where the present text of the email goes
    column("texts", Json, nullable=True, personal=False),
    column("winner", sa.Text, nullable=True, personal=False),  # the variant that the rest gets
    column("result", Json, nullable=True, personal=False),  # figures of the test when it was decided
    column("decided_at", Instant, nullable=True, personal=False),
    column("decided_by", sa.Text, nullable=True, personal=False),  # `engine`, `user:4`, `cli`
    column("launched_by", sa.Text, nullable=True, personal=False),
    column("seen", Json, nullable=True, personal=False),  # the numbers it was launched with
    column("ended_at", Instant, nullable=True, personal=False),
    column("created_at", Instant, personal=False),
    column("created_by", sa.Text, personal=False),
    sa.Index("ix_broadcasts_state", "state"),
)
