"""The settings in `include/toolsync.yaml`, and the address of the cabinet."""

from __future__ import annotations

import os
import re
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


def cabinet_modes() -> tuple[int, int]:
    """The permissions of the cabinet's folders and files, as `chmod` takes them.

    :raises ValueError: `cabinet` of the settings names something else.
    """
    page = settings().get("cabinet") or {}
    return _mode(page, "folder_mode", "0700"), _mode(page, "file_mode", "0600")


def _mode(page: dict[str, Any], name: str, default: str) -> int:
    written = page.get(name, default)
    # Without quotes, YAML takes 0700 for an octal number and 700 for a decimal one.
    if not (isinstance(written, str) and re.fullmatch("[0-7]{3,4}", written)):
        raise ValueError(
            f"include/toolsync.yaml, cabinet: {name}: expected permissions in quotes such as '{default}', found {written!r}"
        )
    return int(written, 8)
