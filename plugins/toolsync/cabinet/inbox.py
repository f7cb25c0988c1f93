"""The files of an inbox: which are ready, and which names are free."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from toolsync.cabinet.storage import is_local

# Names that upload programs give to incomplete files, and files that operating systems leave behind.
UNFINISHED = (".*", "_*", "*~", "*.part", "*.filepart", "*.tmp", "*.crdownload", "Thumbs.db")


def names_like(name: str) -> Iterator[str]:
    """A file's name, then others like it: `a.csv`, `a~2.csv`, `a~3.csv` …"""
    path = PurePosixPath(name)
    yield name
    number = 1
    while True:
        number += 1
        yield f"{path.stem}~{number}{path.suffix}"


def why_not_ready(path: Any, settle_seconds: float) -> str | None:
    """Why a file of the inbox must not be taken yet; None when it is ready.

    :param settle_seconds: a local file that changed less long ago may still be being written.
    :raises FileNotFoundError: when another run has taken it meanwhile.
    """
    if any(fnmatch.fnmatchcase(path.name, unfinished) for unfinished in UNFINISHED):
        return "its name is that of an incomplete or hidden file"
    if is_local(path) and path.is_symlink():
        return "it is a symbolic link: put the file itself here"
    age = time.time() - path.stat().st_mtime if is_local(path) else settle_seconds
    if not path.is_file():
        return "it is not a file"
    if age < settle_seconds:
        return f"it changed {age:.0f} s ago and may still be being written: the next run takes it"
    return None
