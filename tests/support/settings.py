"""A page of settings of a test's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def lay_over(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Let `TOOLSYNC_SETTINGS` name a page, for this process and those it starts.

    :param text: YAML.
    """
    path = folder / "ours.yaml"
    path.write_text(text)
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    monkeypatch.setenv("TOOLSYNC_SETTINGS", str(path))
