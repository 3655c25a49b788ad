"""How Alembic is run on our migrations (I/O): the only module that imports it beside theirs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

HERE = Path(__file__).resolve().parent


def alembic_config(connection: Connection | None = None) -> Config:
    """How Alembic finds our migrations and the connection it works on."""
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database to this form, in the transaction that is open."""
    command.upgrade(alembic_config(connection), revision)
