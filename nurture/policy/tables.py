"""Table of the stretches of time in which the engine ran."""

import sqlalchemy as sa

from nurture.kernel.database import Instant, column, key_column, metadata

# From one look at what is due to the last without a standstill between; between two rows nothing ran. Engine time.
runs = sa.Table(
    "runs",
    metadata,
    key_column(),
    column("began_at", Instant, personal=False),
    column("seen_at", Instant, index=True, personal=False),
)
