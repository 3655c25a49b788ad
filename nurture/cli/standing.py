"""What a command sees of segments where no clock keeps them: they are looked over first."""

from nurture.engine.tick import look_over_segments
from nurture.kernel.context import Context
from nurture.kernel.leases import is_held
from nurture.scheduler import LEASE


def keep_segments(context: Context) -> None:
    """Bring the segments up to date unless a clock runs, which does it by itself."""
    if not is_held(context.database, LEASE):
        look_over_segments(context)
