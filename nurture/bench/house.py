"""The house that pages and segments are measured in: staff, the gallery made live, and a world of leads (writes)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nurture.bench import world
from nurture.bench.world import Plan
from nurture.bootstrap import gallery
from nurture.broadcasts import service as broadcasts
from nurture.broadcasts import store as broadcast_store
from nurture.broadcasts.model import BroadcastState
from nurture.campaigns import store as campaigns
from nurture.engine import definitions
from nurture.kernel.context import Context
from nurture.kernel.yamlfile import Source
from nurture.segments import store as segments
from nurture.users import service as users

PASSWORD = "one long sentence for measuring"  # noqa: S105 - of a house that is thrown away
BROADCAST = "ban_tin"
_SELLERS = 10
MEMBERS = ("customers", "cold_leads", "quiet_leads")  # segments with every sixth, every second and every third lead


@dataclass(frozen=True, slots=True)
class House:
    """What is to be known of it."""

    now: datetime
    admin: str  # addresses to sign in with
    seller: str


def furnish(ctx: Context, plan: Plan) -> House:
    """Make everything; the database is new. With messages or enrollments also what pages show of them."""
    now = ctx.clock.engine()
    owners = _staff(ctx)
    _gallery(ctx)
    world.fill(ctx.database, plan, now, owners)
    if plan.broadcast or plan.enrollments:
        _mail(ctx, plan, now)
    return House(now, "admin@example.com", "seller0@example.com")


def _staff(ctx: Context) -> Sequence[int]:
    real = ctx.clock.real()
    with ctx.database.write() as conn:
        users.add(
            conn, email="admin@example.com", name="Trần Thị Quản", role="admin", real=real, actor="cli",
            password=PASSWORD,
        )  # fmt: skip
        return [
            users.add(
                conn, email=f"seller{number}@example.com", name=f"Phạm Văn {number}", role="sales", real=real,
                actor="cli", password=PASSWORD if number == 0 else None,
            )
            for number in range(_SELLERS)
        ]  # fmt: skip


def _gallery(ctx: Context) -> None:
    campaigns_at, templates_at = gallery(ctx.settings)
    with ctx.database.read() as conn:
        found = definitions.read(campaigns_at, templates_at, definitions.facts_of(conn))
    with ctx.database.write() as conn:
        definitions.apply(conn, found, now=ctx.clock.engine(), real=ctx.clock.real(), actor="cli")


def _mail(ctx: Context, plan: Plan, now: datetime) -> None:
    """A one-time email that has gone to everybody, and a campaign that everybody came into."""
    data = {"key": BROADCAST, "name": "Bản tin", "segment": "customers", "email": world.EMAILS[2]}
    with ctx.database.write() as conn:
        stored = broadcasts.save(conn, Source("", "", data, {}), by=None, now=now, real=ctx.clock.real())
        broadcast_store.set_(
            conn, stored.id, state=BroadcastState.DONE.value, started_at=now, written_at=now, ended_at=now
        )
    with ctx.database.read() as conn:
        campaign = campaigns.get(conn, world.CAMPAIGN)
        kept = {one.key: one.id for one in segments.every(conn)}
    if campaign is None or campaign.revision_id is None:
        raise AssertionError(world.CAMPAIGN)
    ids = world.Ids(campaign.id, campaign.revision_id, stored.id, tuple(kept[key] for key in MEMBERS))
    world.mail(ctx.database, plan, now, ids)
