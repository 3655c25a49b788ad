"""What a sender process is made of."""

import subprocess
import sys

HEAVY = (
    "sqlalchemy",
    "flask",
    "granian",
    "premailer",
    "aiosmtpd",
    "alembic",
    "email_validator",
    "markdown_it",
    "babel",
)


def test_a_sender_loads_no_web_no_database_and_no_compiler() -> None:
    """It stays small, and has nothing to open the database with."""
    code = "import sys, nurture.delivery.child; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "nurture.messages.personalize" in loaded
    assert [name for name in HEAVY if name in loaded] == []
    assert [name for name in loaded if name.endswith((".tables", ".store", ".service"))] == []
