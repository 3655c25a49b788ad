"""Pages at a million leads: the real server in a process of its own, two people signed in, each page many times.

The naive way is the same list by OFFSET and COUNT(*) over the same database.
"""

import time
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from nurture.bench.browser import Browser
from nurture.bench.failures import certain
from nurture.bench.house import BROADCAST, PASSWORD, House, furnish
from nurture.bench.model import Figure, Part, Size, percentile
from nurture.bench.place import Place, figured
from nurture.bench.processes import Watch, children
from nurture.bench.served import served
from nurture.bench.world import CAMPAIGN, EMAILS, Plan
from nurture.kernel.context import Context
from nurture.kernel.i18n import N_
from nurture.leads.tables import leads
from nurture.users.tables import users

TITLE = N_("Pages: lists, a lead's page, Today, the account, at 1,000,000 leads")
LEADS, ACTIVITIES = 1_000_000, 2_000_000
TIMES = 25
LIST_AIM, LEAD_AIM = 100.0, 80.0  # ms, p95

# By kind of page and who looks. ACTIVE is a lead with much, QUIET one with little.
_LISTS: Mapping[str, Sequence[str]] = {
    "admin": (
        "/leads", "/leads?sort=engagement", "/leads?sort=name", "/leads?temperature=hot&sort=created",
        "/leads?q=minh+chau",
        "/leads?tag=hiem", "/leads?tag=vip&sort=name", "/leads?segment=cold_leads", "/leads?owner=none",
        "/leads?source=zalo&lifecycle=customer", "/sends", "/sends?state=sent", f"/sends?campaign={CAMPAIGN}",
        f"/sends?broadcast={BROADCAST}&state=bounced", "/campaigns", f"/campaigns/{CAMPAIGN}/enrollments",
        "/broadcasts", "/segments", "/segments/cold_leads/members", "/opportunities?as=table",
        "/tasks?of=all", "/alerts?of=all", "/replies?of=all", "/suppressions", "/leads/duplicates",
    ),
    "seller": (
        "/leads", "/leads?owner=me&sort=engagement", "/leads?tag=hiem", "/leads?segment=customers", "/sends",
        "/sends?state=skipped", "/segments/cold_leads/members", "/opportunities", "/tasks",
    ),
}  # fmt: skip
_LEADS: Mapping[str, Sequence[str]] = {
    "admin": (
        "/leads/ACTIVE", "/leads/ACTIVE?tab=score", "/leads/ACTIVE?tab=emails", "/leads/ACTIVE?tab=info",
        "/leads/ACTIVE/why", "/leads/QUIET",
    ),
    "seller": ("/leads/ACTIVE",),
}  # fmt: skip
_OTHERS: Mapping[str, Sequence[str]] = {
    "admin": (
        "/today", f"/campaigns/{CAMPAIGN}", f"/broadcasts/{BROADCAST}", f"/emails/{EMAILS[0]}/result",
        "/segments/cold_leads",
        "/opportunities",
    ),
    "seller": ("/today",),
}  # fmt: skip


def run(place: Place, size: Size) -> list[Figure]:
    """p95 of lists, of a lead's page, of the others; the slowest page of each kind is the figure."""
    number = size.of(LEADS, 200)
    plan = Plan(number, size.of(ACTIVITIES, 2_000), number, number, number // 50)
    times = TIMES if size.scale >= 0.01 else 2
    began = time.perf_counter()
    with place.context() as ctx:
        house = furnish(ctx, plan)
        figured(ctx.database)
        making = time.perf_counter() - began
        _ended(ctx, number)
        return measured(ctx, place, house, number, times, making)


def measured(ctx: Context, place: Place, house: House, number: int, times: int, making: float = 0.0) -> list[Figure]:
    """The same in a house that is there."""
    with served(place, "web") as server:
        port, pid = server.port, server.pid
        people = {"admin": Browser(port), "seller": Browser(port)}
        try:
            people["admin"].sign_in(house.admin, PASSWORD)
            people["seller"].sign_in(house.seller, PASSWORD)
            return _measured(ctx, people, pid, house, times, number, making)
        finally:
            for one in people.values():
                one.close()


def _measured(
    ctx: Context, people: Mapping[str, Browser], pid: int, house: House, times: int, number: int, making: float
) -> list[Figure]:
    naive, ours = _naive(ctx, number), _active(ctx, house)
    active = dict.fromkeys(people, ours)
    figures = []
    kinds = (("web.list", _LISTS, LIST_AIM), ("web.lead", _LEADS, LEAD_AIM), ("web.other", _OTHERS, None))
    for what, pages, aim in kinds:
        watch = Watch({"web": pid, **{f"web {n}": one for n, one in enumerate(children(pid), 1)}})
        looks = {
            f"{who} {path}": _looks(people[who], path.replace("ACTIVE", active[who]).replace("QUIET", "bench39"), times)
            for who, paths in pages.items()
            for path in paths
        }
        worst = max(looks, key=lambda path: percentile(looks[path], 0.95))
        every = [one for found in looks.values() for one in found]
        figures.append(
            Figure(
                what, round(percentile(looks[worst], 0.95), 1), "ms", of=f"{number:,} leads, p95 of {worst}", aim=aim,
                naive=round(naive, 1) if what == "web.list" else None, p50=round(percentile(every, 0.5), 1),
                p99=round(percentile(every, 0.99), 1), parts=_busy(watch.parts()),
                notes={
                    **{path: f"p50 {percentile(one, 0.5):.0f}, p95 {percentile(one, 0.95):.0f} ms"
                       for path, one in sorted(looks.items(), key=lambda pair: -percentile(pair[1], 0.95))},
                    "making": f"{making:.0f} s",
                },
            )
        )  # fmt: skip
    return figures


def _busy(parts: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(one for one in parts if one.cpu > 0)


def _active(ctx: Context, house: House) -> str:
    """Public id of a lead that does much and that the salesperson sees."""
    with ctx.database.read() as conn:
        mine = sa.select(users.c.id).where(users.c.email == house.seller).scalar_subquery()
        query = sa.select(leads.c.public_id).where(leads.c.owner_id == mine).order_by(leads.c.id % 20, leads.c.id)
        return str(conn.execute(query.limit(1)).scalar_one())


def _looks(browser: Browser, path: str, times: int) -> list[float]:
    """Milliseconds of each look; the first, which makes what the process keeps, is not counted."""
    browser.timed(path)
    return [browser.timed(path) * 1000 for _ in range(times)]


def _naive(ctx: Context, number: int) -> float:
    """Milliseconds of a list as it is often written: so many in all, and the page that many rows down."""
    took = []
    skipped = number // 2
    with ctx.database.read() as conn:
        for _ in range(3):
            began = time.perf_counter()
            for table in ("leads", "messages"):
                conn.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one()  # noqa: S608 - our own
            rows = conn.exec_driver_sql(
                f"SELECT * FROM leads ORDER BY last_activity_at DESC, id DESC LIMIT 50 OFFSET {skipped}"  # noqa: S608
            ).all()
            took.append((time.perf_counter() - began) * 1000)
            certain("rows", len(rows), 50)
    return min(took)


def _ended(ctx: Context, number: int) -> None:
    """WrongWorkError unless the house is as large as it should be."""
    with ctx.database.read() as conn:
        for table, wanted in (("leads", number), ("messages", number * 2 + number // 2)):
            found = conn.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one()  # noqa: S608 - our own
            certain(table, found, wanted)
