"""The settings in `include/toolsync.yaml`, and the address of the cabinet."""

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
    """The content of `include/toolsync.yaml`, read once a process.

    :raises FileNotFoundError: the folder `include` is missing beside `plugins`.
    """
    return yaml.safe_load((INCLUDE / "toolsync.yaml").read_text(encoding="utf-8"))


def cabinet_url() -> str:
    """The folder or URL of the cabinet: the environment variable `TOOLSYNC_CABINET`, or `cabinet/` in this clone."""
    return os.environ.get("TOOLSYNC_CABINET") or str(ROOT / "cabinet")
