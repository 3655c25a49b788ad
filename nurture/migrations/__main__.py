"""`python -m nurture.migrations new "What it is for"`: write the next migration from the tables of the code."""

import sys
import tempfile
from pathlib import Path

from alembic import command

from nurture.kernel.database import Database
from nurture.migrations import migrate
from nurture.migrations.upgrading import alembic_config


def main(arguments: list[str]) -> int:
    """Compare the newest migrated form with the code and write what is missing."""
    if len(arguments) != 2 or arguments[0] != "new":
        sys.stderr.write('usage: python -m nurture.migrations new "What it is for"\n')
        return 2
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'compare.db'}")
        migrate(database)
        with database.write() as conn:
            command.revision(alembic_config(conn), message=arguments[1], autogenerate=True)
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
