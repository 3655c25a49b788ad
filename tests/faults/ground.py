"""What the fault tests stand on: leads with consent, one published email, and a message for each."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from nurture.consents.tables import consents
from nurture.delivery.tables import senders
from nurture.kernel.context import Context
from nurture.leads.tables import leads
from nurture.messages.model import Compiled, MessageClass, NewMessage, Purposes
from nurture.messages.service import write
from nurture.messages.tables import message_values, messages, template_revisions, templates

_WORDS = "Chào mừng đến với An Phát, nơi mỗi khách hàng được lắng nghe. "


def email(size: int = 2_000) -> Compiled:
    """A compiled email of about so many bytes."""
    filler = "".join(f"<p>{_WORDS}{n}</p>\n" for n in range(max(1, size // 120)))
    html = (
        "<html><body><p>{{ lead | greeting }},</p>\n"
        + filler
        + '<p><a href="{{ _l0 }}">xem</a> <a href="{{ unsubscribe_url }}">hủy</a></p>'
        + '{% if _pixel %}<img src="{{ _pixel }}" alt="">{% endif %}</body></html>'
    )
    return Compiled(
        key="hello",
        language="vi",
        subject="Chào {{ lead.name }}",
        preheader="Xin chào",
        html=html,
        text="{{ lead | greeting }}\n{{ unsubscribe_url }}\n",
        links=("https://anphat.example/bang-gia",),
        reads=("lead", "unsubscribe_url"),
        hash="1",
    )


def fill(ctx: Context, count: int, *, size: int = 2_000, odd: Mapping[int, str] | None = None) -> None:
    """So many leads, each with a message that may go now. `odd` gives some of them an address of their own."""
    now = ctx.clock.engine()
    with ctx.database.write() as conn:
        rows = [
            {
                "id": n, "public_id": f"p{n}", "email": (odd or {}).get(n, f"lead{n}@example.com"),
                "name": f"Nguyễn Văn {n}", "given_name": "Minh", "honorific": "anh", "fields": {},
                "created_at": now, "updated_at": now,
            }
            for n in range(1, count + 1)
        ]  # fmt: skip
        conn.execute(leads.insert(), rows)
        yes = [
            {
                "lead_id": n, "purpose": purpose, "channel": "email", "given": True, "method": "statement",
                "proof": "signed", "origin": "test", "occurred_at": now, "recorded_at": now,
            }
            for n in range(1, count + 1)
            for purpose in ("advertising", "tracking")
        ]  # fmt: skip
        conn.execute(consents.insert(), yes)
        publish(conn, email(size), now)
        batch = [
            NewMessage(Purposes.CAMPAIGN, "hello", "vi", MessageClass.ADVERTISING, now, lead_id=n, unique_key=f"m{n}")
            for n in range(1, count + 1)
        ]
        write(conn, batch, now=now, real=now)


_CROWD = """
INSERT INTO messages (purpose, lead_id, unique_key, template_key, language, class, policy, state, planned_at,
                      not_before, created_at, header_id)
SELECT 'campaign', m.lead_id, 'crowd:' || n, m.template_key, m.language, 'transactional', m.policy, 'queued',
       m.planned_at, m.not_before, m.created_at, 'crowd' || n || '@example.com'
FROM {series} JOIN messages m ON m.unique_key = 'm' || (1 + n % {leads})
"""


def crowd(ctx: Context, count: int, leads: int = 1) -> int:
    """So many more messages that may go now, in line behind those of `fill`; gives the id of the first."""
    series = (
        f"(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {count - 1}) SELECT n FROM s) s"  # noqa: S608
        if ctx.database.is_sqlite
        else f"generate_series(0, {count - 1}) AS s(n)"
    )
    with ctx.database.write() as conn:
        conn.execute(sa.text(_CROWD.format(series=series, leads=leads)))
        query = sa.select(sa.func.min(messages.c.id)).where(messages.c.unique_key.like("crowd:%"))
        return int(conn.execute(query).scalar_one())


def publish(conn: sa.Connection, compiled: Compiled, now: object) -> int:
    """Keep a compiled email as the current revision."""
    values = {
        "key": compiled.key, "language": compiled.language, "hash": compiled.hash, "source": {},
        "compiled": compiled.to_json(), "created_at": now,
    }  # fmt: skip
    insert = template_revisions.insert().values(values).returning(template_revisions.c.id)
    revision = int(conn.execute(insert).scalar_one())
    current = {"key": compiled.key, "language": compiled.language, "revision_id": revision, "updated_at": now}
    conn.execute(templates.insert().values(current))
    return revision


def states(ctx: Context) -> Counter[str]:
    """How many messages stand in which state."""
    with ctx.database.read() as conn:
        rows = conn.execute(
            sa.select(messages.c.state, sa.func.count().label("number")).group_by(messages.c.state)
        ).all()
    return Counter({row.state: row.number for row in rows})


def addresses(ctx: Context, state: str) -> set[str]:
    """The addresses of the messages in a state."""
    with ctx.database.read() as conn:
        found = sa.select(messages.c.address).where(messages.c.state == state)
        return {address for (address,) in conn.execute(found)}


def living_pids(ctx: Context) -> list[int]:
    """Process numbers of senders that have not ended."""
    with ctx.database.read() as conn:
        return [pid for (pid,) in conn.execute(sa.select(senders.c.pid).where(senders.c.ended_at.is_(None)))]


def frozen(ctx: Context, message_id: int) -> Any:
    """What a mail under way was made with; None where nothing is kept."""
    query = sa.select(message_values.c.values_).where(message_values.c.message_id == message_id)
    with ctx.database.read() as conn:
        return conn.execute(query).scalar_one_or_none()
