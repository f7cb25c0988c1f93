"""Files that lie in the inbox of a type, for a run to take."""

from __future__ import annotations

import os

from toolsync.cabinet.folders import Cabinet
from toolsync.sites import Site


def dropped(file_type: str, text: str, name: str = "file.csv", site: Site | None = None) -> Cabinet:
    """A cabinet with a file in the inbox of a type."""
    cabinet = Cabinet(file_type, site)
    file = cabinet.folder("inbox") / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    os.utime(file, (0, 0))  # it lies there for long
    return cabinet
