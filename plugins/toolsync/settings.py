"""The settings in `include/toolsync.yaml`, and the address of the cabinet."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

PREFIX = "toolsync_"  # of the ids of our DAGs, before the type
ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"


class WrongSetting(ValueError):
    """A setting of `include/toolsync.yaml` has a value that makes no sense; the message names it and what was expected."""


@cache
def settings() -> dict[str, Any]:
    """The content of `include/toolsync.yaml`, read once a process.

    :raises FileNotFoundError: the folder `include` is missing beside `plugins`.
    """
    return yaml.safe_load((INCLUDE / "toolsync.yaml").read_text(encoding="utf-8"))


def settings_now() -> dict[str, Any]:
    """The content of `include/toolsync.yaml` as it is now, for what a person may change while a run goes on.

    :raises WrongSetting: it has no settings, as when it is half saved.
    """
    page = INCLUDE / "toolsync.yaml"
    status = page.stat()
    return _page(page, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1)
def _page(path: Path, *stamp: int) -> dict[str, Any]:
    try:
        page = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongSetting(f"include/toolsync.yaml is not YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(page, dict):
        raise WrongSetting(f"include/toolsync.yaml: expected settings and their values, found {page!r}.")
    return page


def number(
    page: Mapping[str, Any], name: str, *, least: float, whole: bool = False, default: float | None = None
) -> float | None:
    """A number of the settings; None for null.

    :param page: the settings, or a section of them.
    :param name: of the setting.
    :param default: what it is when it is missing.
    :raises WrongSetting: it is no number, or less than `least`.
    """
    value = page.get(name, default)
    fits = isinstance(value, int) if whole else isinstance(value, int | float)
    if value is not None and (not fits or isinstance(value, bool) or not least <= value < float("inf")):
        kind = "a whole number" if whole else "a number"
        raise WrongSetting(
            f"include/toolsync.yaml, {name}: expected {kind} of at least {least:g}, or null, found {value!r}."
        )
    return value


def lock_wait_seconds() -> int | None:
    """How long a statement waits for a lock that others hold; None: as long as the server says.

    :raises WrongSetting: the setting is no whole number of seconds.
    """
    value = number(settings(), "lock_wait_seconds", least=1, whole=True, default=3)
    return None if value is None else int(value)


def statement_seconds() -> float | None:
    """How long a statement may run; None: as long as it takes.

    :raises WrongSetting: the setting is no number of seconds.
    """
    return number(settings(), "statement_seconds", least=1, default=600)


def task_hours() -> float | None:
    """How long a task may take; None: as long as it takes.

    :raises WrongSetting: the setting is no number of hours.
    """
    return number(settings(), "task_hours", least=0.01, default=12)


def cabinet_url() -> str:
    """The folder or URL of the cabinet: the environment variable `TOOLSYNC_CABINET`, or `cabinet/` in this clone."""
    return os.environ.get("TOOLSYNC_CABINET") or str(ROOT / "cabinet")


def cabinet_shown() -> str:
    """The same for people: without what an address may hold of a key or a password."""
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1@", cabinet_url()).removeprefix("file://").rstrip("/")


def cabinet_modes() -> tuple[int, int]:
    """The permissions of the cabinet's folders and files, as `chmod` takes them.

    :raises WrongSetting: `cabinet` of the settings names something else.
    """
    page = settings().get("cabinet") or {}
    return _mode(page, "folder_mode", "0700"), _mode(page, "file_mode", "0600")


def _mode(page: dict[str, Any], name: str, default: str) -> int:
    written = page.get(name, default)
    # Without quotes, YAML takes 0700 for an octal number and 700 for a decimal one.
    if not (isinstance(written, str) and re.fullmatch("[0-7]{3,4}", written)):
        raise WrongSetting(
            f"include/toolsync.yaml, cabinet: {name}: expected permissions in quotes such as '{default}', found {written!r}"
        )
    return int(written, 8)
