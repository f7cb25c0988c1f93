"""The files of an inbox: which are ready."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from toolsync.cabinet.disk import is_plain_file
from toolsync.cabinet.names import is_unfinished


def why_not_ready(path: Any, settle_seconds: float) -> str | None:
    """Why a file of the inbox must not be taken yet; None when it is ready.

    :param settle_seconds: a local file that changed less long ago may still be being written.
    :raises FileNotFoundError: when another run has taken it meanwhile.
    """
    if is_unfinished(path.name):
        return "its name is that of an incomplete or hidden file"
    if not isinstance(path, Path):
        return None  # an object appears whole
    if path.is_symlink():
        return "it is a symbolic link: put the file itself here"
    if not is_plain_file(path):
        return "it is not a file"
    return _why_unsettled(path, settle_seconds)


def _why_unsettled(path: Path, settle_seconds: float) -> str | None:
    times, now = path.stat(), time.time()
    if times.st_mtime <= now:
        age = now - times.st_mtime
        if age < settle_seconds:
            return f"it changed {age:.0f} s ago and may still be being written: the next run takes it"
    elif abs(times.st_ctime - times.st_mtime) <= 1:
        # Only a file server whose clock differs from ours sets both times ahead.
        return f"the clock of its disk is {times.st_mtime - now:.0f} s ahead of this machine's: the run after that time takes it"
    # A program that keeps a file's time (rsync, unzip) has set a time ahead; it did so when the file was complete.
    return None
