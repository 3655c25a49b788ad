"""What the command line offers: each command's section, the module it lives in, and its help.

Help and completion are answered from here, without loading what the commands need. In each section stands first what a
newcomer needs first.
"""

from dataclasses import dataclass

import click

from nurture.cli.words import _


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: the module of nurture.cli that adds it to `main`, and its help."""

    home: str
    help: str

    def in_short(self, room: int = 45) -> str:
        """The first sentence, or as much of it as there is room for."""
        return click.Command(None, help=self.help).get_short_help_str(room)


SECTIONS = {
    _("Run it"): {
        "up": Entry(
            "serve",
            _(
                "Start everything: pages, tracking, clock, senders. Runs until Ctrl+C. The first start makes an "
                "account for you and prints its password once."
            ),
        ),
        "demo": Entry("serve", _("Begin the living demo anew. Start it with: nurture up --demo")),
        "web": Entry("serve", _("Serve pages and tracking only. Needs nurture clock and nurture worker beside it.")),
        "clock": Entry(
            "serve",
            _("Run the clock: what is due, once a second. Any number may run; one is active, the others stand by."),
        ),
        "worker": Entry(
            "serve",
            _("Deliver mail, judge opens and clicks, react to them. Any number may run on PostgreSQL."),
        ),
    },
    _("Leads and campaigns"): {
        "leads": Entry("about_leads", _("Import leads from a file, look one up, merge two.")),
        "segments": Entry("segments", _("List segments, see who is in them, check them.")),
        "check": Entry(
            "definitions",
            _(
                "Check campaigns and emails. Says everything that is wrong at once, with file, line and the mend; "
                "needs no database. Ends with 1 when there is an error; warnings forbid nothing."
            ),
        ),
        "plan": Entry(
            "definitions",
            _("Say what applying the files would change. Exactly, and for how many leads; nothing is written."),
        ),
        "apply": Entry(
            "definitions",
            _(
                "Make the files live. New campaigns start, changed ones serve new enrollments; all of it or nothing. "
                "Asks first."
            ),
        ),
        "export": Entry("definitions", _("Write the live campaigns as YAML files. The folder must be empty or new.")),
        "campaigns": Entry("comparing", _("List, pause, resume or archive campaigns.")),
        "enroll": Entry(
            "enrolling",
            _(
                "Enroll leads in a campaign by hand. Its entry is not asked, its rule about coming again is; who does "
                "not come in has a reason."
            ),
        ),
        "rehearse": Entry(
            "rehearsal",
            _(
                "Play a campaign ahead, and send nothing. The real engine, on a copy of the database with your leads "
                "and a clock of its own. Says how many emails go on which day, what windows and caps move, who comes "
                "where. The same seed gives the same answer. With --campaigns the files are played, else what is "
                "live."
            ),
        ),
        "broadcast": Entry("broadcasts", _("One-time emails: write, check, send, hold and stop them.")),
        "tasks": Entry("tasks", _("Show open tasks, the first due first.")),
        "emails": Entry("emails", _("Emails: look through them, see one as a lead, send a test.")),
        "holidays": Entry("house", _("List the days on which nothing goes. By the policy that is live.")),
        "tet": Entry("house", _("Show what the stop around Tết moves or drops. For each way the switch can stand.")),
    },
    _("Ask what became of it"): {
        "sends": Entry("resolving", _("Show where each email stands. The states add up to the audience.")),
        "explain": Entry("sends", _("Explain a decision, with each value seen.")),
        "held": Entry(
            "house",
            _(
                "List late mail that waits for a decision. What came due during a standstill: let it go, or drop it. "
                "Asks first."
            ),
        ),
        "outbound": Entry(
            "outbound",
            _("Show webhooks and text messages. The latest first, with state, tries and the answer."),
        ),
        "inbound": Entry(
            "inbound",
            _(
                "Take in mail that came back: nurture inbound < mail. A mail server pipes bounces, complaints, "
                "replies and unsubscribes into it. Exit status: 0 taken, 75 try again later."
            ),
        ),
        "tracking": Entry("tracking", _("Look at opens and clicks. Who made them, a person or a machine, and why.")),
    },
    _("Keep it in order"): {
        "doctor": Entry(
            "doctor",
            _(
                "Examine this installation. Settings, database, DNS, mail servers, what runs, leads stuck in a "
                "campaign. Writes nothing unless asked to. Ends with 1 when something is wrong."
            ),
        ),
        "relays": Entry(
            "relays",
            _("Show the mail servers. How each stands, what is left of its day, its rate and its complaints."),
        ),
        "users": Entry("people", _("Manage the accounts of staff.")),
        "webhooks": Entry(
            "outbound",
            _("Show what webhooks are signed with. Receivers need it to know that a call is ours."),
        ),
        "dkim": Entry(
            "dkim",
            _("Make and show the keys that mail is signed with (DKIM). Receivers trust signed mail more."),
        ),
        "data": Entry("data", _("Show how much room each table takes, and how long it is kept.")),
        "backup": Entry(
            "copies",
            _(
                "Write a backup into a file. The database, the keys, what cannot be made again. What runs may go on. "
                "The file holds personal data and secrets; keep it safe."
            ),
        ),
        "restore": Entry(
            "copies",
            _(
                "Put a backup back. Where the settings point nothing may stand. It sends nothing until it is claimed: "
                "nurture instance claim."
            ),
        ),
        "db": Entry("copies", _("Copy the database to another one, SQLite to PostgreSQL or back.")),
        "settings": Entry("upkeep", _("Show the settings in force, without secrets.")),
        "instance": Entry(
            "upkeep",
            _("Show or claim this installation. A restored copy sends nothing until it is claimed."),
        ),
        "keys": Entry("upkeep", _("Rotate the keys that sign links.")),
        "migrate": Entry("upkeep", _("Bring the database to the newest form. SQLite is copied first.")),
        "bench": Entry(
            "bench",
            _(
                "Measure this machine. Rates, waits, CPU and memory, beside a naive way of doing the same. Your own "
                "database is never touched."
            ),
        ),
    },
}
ENTRIES = {name: entry for entries in SECTIONS.values() for name, entry in entries.items()}
