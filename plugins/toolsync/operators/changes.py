"""What a run changed on the site, for its report: from its own bundle, or from those of the courses that it deleted or reset."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from gzip import BadGzipFile
from typing import Any

from toolsync.cabinet.bundles import Bundle
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.course.undo_bundles import BY_COURSE, bundles_of, read_bundle, sum_up
from toolsync.reporting.changed_things import Change, Part, changes, parts_of
from toolsync.reporting.plan import zone_named
from toolsync.reporting.report import Report
from toolsync.running.things import NAMES, name_of, refers_to

UNREADABLE = (FileNotFoundError, BadGzipFile, EOFError, ValueError, zlib.error)  # a bundle that expired, or is damaged


def changes_of(cabinet: Cabinet, claim: Claim, report: Report) -> Iterator[Change]:
    """What a run changed, value by value.

    :raises UNREADABLE: some of it can't be read.
    """
    return changes(_parts(cabinet, claim), zone_named(report.executed.get("timezone")))


def changed_rows(cabinet: Cabinet, claim: Claim, report: Report) -> dict[str, Any] | None:
    """How many rows a run changed, by change and table; None: none, for all that is known."""
    if report.executed.get("changed") or not _by_course(cabinet, claim):
        return report.executed.get("changed")
    return sum_up(cabinet, claim.id)


def _by_course(cabinet: Cabinet, claim: Claim) -> bool:
    return cabinet.file_type in BY_COURSE and not claim.simulate


def _parts(cabinet: Cabinet, claim: Claim) -> Iterator[Part]:
    yield from parts_of(Bundle.of_claim(cabinet, claim), refers_to)
    if _by_course(cabinet, claim):
        for name, index, _ in bundles_of(cabinet, claim.id):
            yield _part_of_course(cabinet, name, index["course"])


def _part_of_course(cabinet: Cabinet, name: str, course: Mapping[str, Any]) -> Part:
    """The bundle of a course. Only what was taken away has a name there."""
    part = Part(lambda: read_bundle(cabinet, name), refers_to, line=course["line"])
    part.names["course"] = {course["id"]: (course["shortname"],)}
    for piece in read_bundle(cabinet, name):
        if piece["change"] == "deleted" and piece["table"] in NAMES:
            columns, names = piece["columns"], part.names.setdefault(piece["table"], {})
            at_id = columns.index("id")
            names.update(
                (row[at_id], name_of(piece["table"], dict(zip(columns, row, strict=True)))) for row in piece["rows"]
            )
    return part
