"""Exports of a site, and their files applied again."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from tests.support.site import Site
from tests.support.undo import differing, state_of
from toolsync.cabinet.storage import read_text
from toolsync.operators.export_types import TYPES
from toolsync.sites import the_site

APPLIED_WITH = "# Apply it with Params "


def export(site: Site, *what: str, **params: Any) -> dict[str, Any]:
    """Run the export, of all types if none is named."""
    result = site.run("toolsync_export", what=list(what or TYPES), **params)
    assert result["state"] == "success", result
    return result


def text_of(file: dict[str, Any]) -> str:
    return read_text(file["path"], the_site())


def head_of(file: dict[str, Any]) -> list[str]:
    """The comments at the beginning of a file."""
    return [line[2:] for line in text_of(file).split("\n") if line.startswith("# ")]


def rows_of(file: dict[str, Any]) -> list[dict[str, str]]:
    """The lines of a file, as any program reads them."""
    stream = io.StringIO(text_of(file), newline="")
    while (at := stream.tell()) is not None and stream.readline().startswith("#"):
        pass
    stream.seek(at)
    return list(csv.DictReader(stream))


def params_of(file: dict[str, Any]) -> dict[str, Any]:
    """The Params with which the head of a file says that it has to be applied."""
    line = next(line for line in text_of(file).splitlines() if line.startswith(APPLIED_WITH))
    found: dict[str, Any] = json.JSONDecoder().raw_decode(line.removeprefix(APPLIED_WITH))[0]
    return found


def apply(site: Site, file: dict[str, Any]) -> dict[str, Any]:
    return site.run(f"toolsync_{file['type']}", text_of(file), **params_of(file))


def changes_nothing(site: Site, *what: str, **params: Any) -> dict[str, Any]:
    """Export a site, apply all of it, and see that nothing happens there.

    :return: what the export returned.
    """
    result = export(site, *what, **params)
    before = state_of(site)
    for file in result["files"]:
        report = apply(site, file)
        counts = {name: count for name, count in report["counts"].items() if count}
        assert counts == {"unchanged": file["lines"]}, f"{file}\n{Path(report['report']).read_text()}"
    assert differing(site, before) == set()
    return result


def left_out(result: dict[str, Any], file_type: str) -> set[tuple[str, str]]:
    """The things and columns that an export left out, as its tables tell."""
    found = set()
    for file in result["files"]:
        table = Path(file["path"].removesuffix(".csv") + "_left_out.csv")
        if file["type"] == file_type and table.exists():
            with table.open(encoding="utf-8", newline="") as stream:
                found |= {(row["thing"], row["column"]) for row in csv.DictReader(stream)}
    return found
