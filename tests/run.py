"""`make test`: the whole suite; what cannot run here is named at the end, and in CI its absence fails."""

import os
import shutil
import subprocess
import sys

from tests.browser.chromium import find_chromium

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - pytest makes folders of its own in it
_ROOM = 6_000_000_000  # bytes, for both databases of all tests at once


def _quick_folder() -> dict[str, str]:
    """Temporary files in memory where there is room: thousands of small databases wait for the disk otherwise."""
    if "TMPDIR" in os.environ or not os.access(_SHARED_MEMORY, os.W_OK):
        return {}
    return {"TMPDIR": _SHARED_MEMORY} if shutil.disk_usage(_SHARED_MEMORY).free > _ROOM else {}


def main() -> int:
    """Run pytest; gives the exit status."""
    in_ci = os.environ.get("CI", "") not in {"", "0", "false"}
    chromium = find_chromium()
    if chromium is None and in_ci:
        print("Chromium is missing, and in CI its absence fails. On Debian: apt-get install chromium", file=sys.stderr)
        return 3
    left_out = [*(["browser"] if chromium is None else []), *(["long"] if in_ci else [])]
    chosen = ["-m", " and ".join(f"not {mark}" for mark in left_out)] if left_out else []
    environment = {**os.environ, **_quick_folder()}
    # One more than CI has cores, since some wait; each file whole in one process: faults and journeys start servers.
    spread = ["-n", "3", "--dist", "loadfile"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *spread, *chosen, *sys.argv[1:]], env=environment, check=False
    )
    if chromium is None:
        print(
            "\nNot run: the browser tests, since no Chromium was found.\n"
            "Install it (Debian: apt-get install chromium; macOS: brew install chromium) or name one in\n"
            "CHROMIUM=/path/to/chromium, then run make test again."
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
