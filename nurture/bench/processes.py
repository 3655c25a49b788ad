"""CPU and peak memory of processes, out of /proc (Linux; elsewhere of this process alone) (I/O)."""

import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

from nurture.bench.model import Part

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_MB = 1_000_000
_HAS_PROC = Path("/proc/self/stat").is_file()


class Watch:
    """What these processes took since the watch began: `Watch({"parent": os.getpid(), "sink": sink.pid})`."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = dict(processes)
        for pid in self._processes.values():
            _forget_peak(pid)
        self._began = {name: cpu(pid) for name, pid in self._processes.items()}

    def parts(self) -> tuple[Part, ...]:
        """As of now; a process that has ended meanwhile is left out."""
        found = []
        for name, pid in self._processes.items():
            seconds = cpu(pid)
            if seconds is not None:
                found.append(Part(name, round(seconds - (self._began[name] or 0.0), 3), round(peak(pid), 1)))
        return tuple(found)


def cpu(pid: int) -> float | None:
    """Seconds of CPU that a process took so far, of all its threads; None when there is none of this number."""
    if not _HAS_PROC:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime if pid == os.getpid() else None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak(pid: int) -> float:
    """The most memory it held at once, in MB; 0 when that is not to be had."""
    if not _HAS_PROC:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if pid == os.getpid() else 0
        return most / _MB if sys.platform == "darwin" else most * 1024 / _MB
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / _MB for line in lines if line.startswith("VmHWM:")), 0.0)


def children(pid: int) -> list[int]:
    """The processes begun by this one and by those, the first first; Linux only."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*") if _HAS_PROC else ():
        try:
            fields = (entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.name))
    return [one for child in sorted(found) for one in (child, *children(child))]


def _forget_peak(pid: int) -> None:
    """Let the kernel count the peak anew, where we may ask for it; else it counts from the process's beginning."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
    except OSError:
        return
