"""`make test`: the whole suite; what cannot run here is named at the end, and in CI its absence fails."""

import os
import subprocess
import sys

from tests.browser.chromium import find_chromium


def main() -> int:
    """Run pytest; gives the exit status."""
    in_ci = os.environ.get("CI", "") not in {"", "0", "false"}
    chromium = find_chromium()
    if chromium is None and in_ci:
        print("Chromium is missing, and in CI its absence fails. On Debian: apt-get install chromium", file=sys.stderr)
        return 3
    left_out = [*(["browser"] if chromium is None else []), *(["long"] if in_ci else [])]
    chosen = ["-m", " and ".join(f"not {mark}" for mark in left_out)] if left_out else []
    # Two at a time, each file whole in one process: the faults and journeys start servers of their own.
    spread = ["-n", "2", "--dist", "loadfile"]
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", *spread, *chosen, *sys.argv[1:]], check=False)
    if chromium is None:
        print(
            "\nNot run: the browser tests, since no Chromium was found.\n"
            "Install it (Debian: apt-get install chromium; macOS: brew install chromium) or name one in\n"
            "CHROMIUM=/path/to/chromium, then run make test again."
        )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
