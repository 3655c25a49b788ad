"""Rehearsals of the filled house, under ids that tests know: one that has ended, one that came to no end."""

import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.rehearsal import jobs
from nurture.rehearsal.model import Behavior, Request
from nurture.rehearsal.service import play, set_up, stage_of

ENDED, BROKEN = "abcdefghjkmnpq", "bcdefghjkmnpqr"
CAMPAIGN = "welcome_series"


def rehearse(ctx: Context) -> None:
    """Play two weeks with a few leads, as a job's process would, and keep it."""
    begun = ctx.clock.engine()
    with ctx.database.read() as conn:
        query = sa.select(leads.c.email).where(leads.c.email.is_not(None), leads.c.merged_into.is_(None))
        addresses = tuple(conn.execute(query.order_by(leads.c.id).limit(6)).scalars())
    request = Request(CAMPAIGN, addresses=addresses, days=14, behavior=Behavior(0.8, 0.4, 0.0, 0.0))
    for job_id in (ENDED, BROKEN):
        folder = jobs.home(ctx) / job_id
        folder.mkdir(parents=True)
        asked = {
            "request": request.to_json(), "asked_by": "user:1", "asked_at": ctx.clock.real().isoformat(),
            "revision": "0123456789abcdef", "begun": begun.isoformat(), "ids": [],
        }  # fmt: skip
        jobs.write(folder / "request.json", asked)
    jobs.write(jobs.home(ctx) / BROKEN / "result.json", {"error": "ValueError: no"})
    at = jobs.home(ctx) / ENDED / jobs.STAGE
    ids = set_up(ctx, request, at, start=begun)
    stage = stage_of(ctx, at, begun)
    try:
        told = play(stage, request, ids)
    finally:
        stage.database.close()
    jobs.write(jobs.home(ctx) / ENDED / "result.json", {"report": told.to_json()})
