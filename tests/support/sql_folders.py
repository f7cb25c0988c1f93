"""What the SQL of a type is rendered for: headers of files, and Params."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.support.blueprint import NEWEST, ROOT, tables
from toolsync import run as runner
from toolsync.course.undo_parts import SAMPLE, UndoneTables
from toolsync.functions import NAMES
from toolsync.pipeline import file_params
from toolsync.reading.suite import load_suite

SQL = ROOT / "include/sql"
FOLDERS = sorted(str(folder.relative_to(SQL)) for folder in {path.parent for path in SQL.rglob("[0-9]*.sql")})

# The tables of which the SQL of an undo does something of its own.
NAMED = re.compile(r"(?<=\")\w+(?=\")|(?<=\bundone\.)\w+")
UNDONE = sorted(
    {name for path in (SQL / "undo").glob("*.sql") for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    & tables(NEWEST).keys()
    | set(SAMPLE)
)
CHANGES: tuple[str, ...] = ("deleted", "made", "changed")

# Params that say how a file is found and read: of them, SQL knows none.
READING = file_params().keys() - {"simulate", "timezone"}


def params(folder: str) -> dict[str, Any]:
    """The type's Params. Steps that all types share know of none."""
    if folder.startswith("shared/"):
        return {}
    params = runner.load_dag(f"toolsync_{folder.partition('/')[0]}").params
    return {name: params.get_param(name) for name in params}


def headers(folder: str) -> Iterator[tuple[set[str], set[str]]]:
    """Plain columns and families of files: all, those that must be there, one more, all but one."""
    if not (ROOT / f"include/expectations/{folder}.json").exists():
        yield set(), set()
        return
    suite = load_suite(folder)
    plain = {spec.name for spec in suite.columns if not spec.is_family}
    families = {spec.name for spec in suite.columns if spec.is_family}
    required = set(suite.required()) | set(suite.key.columns[:1] if suite.key else ())
    yield plain, families
    if folder == "undo":  # Python writes its file, and the SQL asks for no column
        return
    yield required, set()
    for name in sorted(plain | families):
        yield required | {name} & plain, {name} & families
        yield plain - {name} | required, families - {name}


def choices(folder: str) -> Iterator[dict[str, Any]]:
    """Params: the defaults, and for each Param that SQL may ask for each other value that it may have."""
    every = params(folder)
    defaults = {name: param.value for name, param in every.items()}
    yield defaults
    for name, param in every.items():
        if name in READING:
            continue
        schema = param.schema
        values = schema.get("enum") or ([True, False] if schema.get("type") == "boolean" else [])
        for value in values:
            if value != defaults[name]:
                yield {**defaults, name: value}
    if "template_mode" in every:  # it means something together with another one
        for mode in ("add", "replace"):
            yield {**defaults, "force_update": True, "template_mode": mode}


@contextmanager
def undone(*changes: str) -> Iterator[None]:
    """Let the SQL of an undo be rendered for rows of each such table to which runs have done that."""

    def sample(state: Any, _occasion: Any) -> dict[str, Any]:
        return {
            name: replace(
                what,
                deleted="deleted" in changes,
                made="made" in changes,
                changed=what.changed if "changed" in changes else [],
                loud=what.loud if "changed" in changes else [],
            )
            for name, what in UndoneTables(state, None).items()
        }

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolsync.course.undo_parts.SAMPLE", UNDONE)
        patch.setitem(NAMES, "undone", sample)
        yield
