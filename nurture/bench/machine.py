"""The machine a measurement ran on, in a line: figures without it say nothing (I/O)."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nurture.kernel.database import Database


def machine() -> dict[str, Any]:
    """Processor, cores this process may use, memory in GB, system, Python, and how busy it is (load of a minute)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "nurture": version("nurture"),
        "processor": _processor(),
        "cores": cores,
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def engine_of(database: Database) -> str:
    """`SQLite 3.40.1` or `PostgreSQL 18.1`."""
    with database.read() as conn:
        if database.is_sqlite:
            return f"SQLite {conn.exec_driver_sql('SELECT sqlite_version()').scalar_one()}"
        return f"PostgreSQL {str(conn.exec_driver_sql('SHOW server_version').scalar_one()).split()[0]}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (ValueError, OSError, AttributeError):
        return None
