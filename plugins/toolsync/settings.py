"""What `include/toolsync.yaml` says, and where things are."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"


@cache
def settings() -> dict[str, Any]:
    """The settings page, read once a process.

    :raises FileNotFoundError: when the package is installed without its `include` folder.
    """
    return yaml.safe_load((INCLUDE / "toolsync.yaml").read_text(encoding="utf-8"))


def cabinet_url() -> str:
    """Where command files are stored: `TOOLSYNC_CABINET`, a folder or an address such as `s3://conn@bucket/cabinet`."""
    return os.environ.get("TOOLSYNC_CABINET") or str(ROOT / "cabinet")
