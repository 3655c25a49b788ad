"""What a start and a question for help load, and what they leave until it is needed."""

import subprocess
import sys

HELPED = """
import contextlib, io, sys
from nurture.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    main(["--help"], standalone_mode=False)
"""
STARTED = """
import sys
import nurture.cli.serve
from nurture.kernel.plugins import modules
modules("nurture.web.pages")
"""
HEAVY = (
    "sqlalchemy", "flask", "granian", "jinja2", "babel", "structlog", "cryptography", "lxml", "apscheduler",
    "nurture.bootstrap", "nurture.engine", "nurture.leads", "nurture.web",
)  # fmt: skip
# What is for a change of the database's form, the writing of an email, the demo, mail that comes back, one odd number.
RARE = (
    "alembic", "mako", "premailer", "cssutils", "requests", "lxml", "markdown_it", "inscriptis", "aiosmtpd",
    "email_validator", "phonenumbers", "holidays", "prometheus_client", "flufl", "procrastinate", "psycopg",
    "python_calamine", "nurture.messages.compile", "nurture.inbound.reading", "nurture.demo.readers",
    "nurture.migrations.upgrading",
)  # fmt: skip


def _loaded(program: str) -> set[str]:
    command = [sys.executable, "-c", program + "print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_loads_none_of_what_commands_need() -> None:
    """The list of commands is answered from a table, and so is completion."""
    loaded = _loaded(HELPED)
    assert "nurture.cli.contents" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_a_start_leaves_what_is_rarely_needed() -> None:
    """With every page loaded, none of it is there."""
    loaded = _loaded(STARTED)
    assert {"nurture.up", "nurture.web.pages.leads"} <= loaded
    assert [name for name in RARE if name in loaded] == []
