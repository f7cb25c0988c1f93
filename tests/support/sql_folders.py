"""What the SQL of a type is rendered for: headers of files, and Params."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.blueprint import ROOT
from toolsync import run as runner
from toolsync.pipeline import file_params
from toolsync.reading.suite import load_suite

SQL = ROOT / "include/sql"
FOLDERS = sorted(str(folder.relative_to(SQL)) for folder in {path.parent for path in SQL.rglob("[0-9]*.sql")})


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
