"""Temporary files of tests in memory, where there is plenty: the cabinet and database servers sync what they write, and a disk takes a tenth of the time for that."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

MEMORY, NAME = Path("/dev/shm"), "toolsync-tests-"
NEEDED = 14 * 2**30  # bytes: two workers, each with its files, its servers, and what these keep in memory themselves


def use() -> None:
    """Let temporary files of this process and of those that it starts be in memory. `TMPDIR` says where else they are to be."""
    if "TMPDIR" in os.environ or not _plenty():
        return
    for left in MEMORY.glob(f"{NAME}*"):  # of processes that were killed
        if not Path("/proc", left.name.removeprefix(NAME)).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = MEMORY / f"{NAME}{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o711)  # some tests run programs of another account in folders of theirs
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # pytest has asked before


def give_back() -> None:
    """Remove them, if this process made the folder."""
    if os.environ.get("TMPDIR") == str(folder := MEMORY / f"{NAME}{os.getpid()}"):
        shutil.rmtree(folder, ignore_errors=True)


def _plenty() -> bool:
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < NEEDED:
        return False
    available = re.search(r"^MemAvailable: +(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return available is not None and int(available[1]) * 1024 >= NEEDED
