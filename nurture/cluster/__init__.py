"""Many machines on one PostgreSQL: due work is cut into chunks that any worker takes. Only `jobs` knows Procrastinate.

Rows are the truth. A chunk is a list of ids that were due when the clock looked; a worker claims those that still are,
so that a job which is lost, doubled or late does no harm. What no job speaks of is handed out at the next look.

- `advance`: enrollments that are due. `ingest`: hits to judge, and leads with pending reactions; the order of a lead's
  reactions is kept by their claim, whoever works on them.
- `send`: handing mail over stays a loop that takes what may go by itself (`delivery.service`), since it follows the
  relays' answers and not a list made before; a job on this queue only rings its bell.

The embedded mode (`nurture up`, SQLite, or no Procrastinate) calls the same functions without a queue.
"""
