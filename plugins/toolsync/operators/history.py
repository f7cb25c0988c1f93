"""The task that writes the history of a site: who ran which file when, and what became of it, from the reports of all types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date
from typing import Any, NamedTuple

from airflow.sdk.exceptions import AirflowFailException
from more_itertools import chunked

from toolsync.cabinet.bundles import FOLDER, INDEX
from toolsync.cabinet.claims import CLAIM_ID, moment_of, new_id
from toolsync.cabinet.storage import files_at, folder_at
from toolsync.course.undo_bundles import BY_COURSE
from toolsync.operators.archive import as_text
from toolsync.operators.base import ToolSyncOperator
from toolsync.params import check_params
from toolsync.reading.texts import printable
from toolsync.reporting.tables import Table
from toolsync.schedule import skip_late_run

TYPE = "history"  # the folder of the cabinet that holds the histories
UNDO, RESTORE = "undo", "courses_restore"  # the types whose runs undo others
REPORT = re.compile(rf"(?!\.)(?s:.+)_({CLAIM_ID})_(simulation_)?report\.json")
OF_COURSE = re.compile(rf"(?!\.).+_({CLAIM_ID})_\d+\.json")  # the index of a course's bundle
READERS = 16  # reports read at once: a store answers slowly, and many at a time
AT_ONCE = 500  # reports in memory
OUTCOMES = ("created", "updated", "deleted", "unchanged", "failed", "incomplete")
COLUMNS = (
    *("at", "by", "type", "file", "claim", "dag", "run", "end", "simulated", "params"),
    *("bytes", "lines", *OUTCOMES),
    *("rows_written", "rows_taken_away", "rows_changed", "rows_made"),
    *("approved_by", "approved_at", "undone_at", "undone_by", "undone_by_claim", "rows_put_back", "rows_left"),
    *("tryback", "archive", "report", "toolsync", "problem"),
)


class Told(NamedTuple):
    """A report that is there.

    :param type: whose folder it is in.
    """

    claim: str
    type: str
    name: str


class HistoryOperator(ToolSyncOperator):
    """Reads the JSON reports of all types, the oldest first, into one CSV table, which appears complete or not at all. It reads the cabinet only.

    :return: the path of the table, the number of its rows, and how many reports could not be read.
    """

    def perform(self, context: Any) -> dict[str, Any]:
        skip_late_run(context)
        check_params(context)
        self.root = folder_at(self.site.cabinet_url)
        self.files = files_at(self.root, self.site)
        wanted = self.wanted(context["params"])
        self.undo_runs = {report.claim: report for name in (UNDO, RESTORE) for report in self.reports(name)}
        self.bundles = {name: self.undoable(name) for name in {UNDO, RESTORE, *(report.type for report in wanted)}}
        path, damaged = self.write(wanted)
        self.log.info("%s reports are in %s.", len(wanted), path)
        if damaged:
            self.log.warning("%s of them can't be read; the column `problem` says why.", damaged)
        return {"history": path, "reports": len(wanted), "damaged": damaged}

    def wanted(self, params: Mapping[str, Any]) -> list[Told]:
        """The reports that Params ask for, the oldest first."""
        first, last = day(params, "since"), day(params, "until")
        types = dict.fromkeys(params["types"]) or [path.name for path in self.files.entries(self.root)]
        return sorted(
            report
            for name in types
            for report in self.reports(name)
            if within(report.claim, first, last) and (params["simulations"] or "_simulation_report" not in report.name)
        )

    def reports(self, file_type: str) -> Iterator[Told]:
        """The JSON reports of a type."""
        for name in self.files.details(self.root / file_type / "report"):
            if found := REPORT.fullmatch(name):
                yield Told(found[1], file_type, name)

    def undoable(self, file_type: str) -> dict[str, list[Any]]:
        """The indexes of the undo bundles of a type, by claim: one of the run, or one for each course."""
        found: dict[str, list[Any]] = {}
        for path in self.files.entries(self.root / file_type / FOLDER):
            if of_run := re.fullmatch(CLAIM_ID, path.name):
                found.setdefault(of_run[0], []).append(path / INDEX)
            elif of_course := OF_COURSE.fullmatch(path.name):
                found.setdefault(of_course[1], []).append(path)
        if file_type in BY_COURSE:  # the index of the run says what thousands of others do
            return {claim: [path for path in paths if path.name == INDEX] or paths for claim, paths in found.items()}
        return found

    def write(self, reports: Iterable[Told]) -> tuple[str, int]:
        """Write the table.

        :return: its path, and how many reports could not be read.
        """
        folder, damaged = self.root / TYPE, 0
        self.files.make_folder(folder)
        path = folder / f"{TYPE}_{new_id()}.csv"
        with (
            self.files.writing(path) as stream,
            as_text(stream) as text,
            ThreadPoolExecutor(READERS) as threads,
        ):
            table = Table(text)
            table.row(COLUMNS)
            for some in chunked(reports, AT_ONCE):
                for row in threads.map(self.row, some):
                    damaged += bool(row["problem"])
                    table.row(row.get(name) for name in COLUMNS)
        return str(path), damaged

    def row(self, report: Told) -> dict[str, Any]:
        """What the table says of a report. One that can't be read is named."""
        path = self.root / report.type / "report" / report.name
        try:
            content = json.loads(self.files.read(path))
            return {**facts(content), **self.undone(report), "problem": None}
        except PermissionError as error:
            problem = f"it can't be read: {error.strerror}"
        except FileNotFoundError:
            problem = "it was removed while the history was written"
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            problem = f"it can't be read: {error}"
        self.log.warning("%s", printable(f"{path}: {problem}"))
        at = moment_of(report.claim).isoformat(timespec="seconds")
        return {"at": at, "type": report.type, "claim": report.claim, "report": str(path), "problem": problem}

    def undone(self, report: Told) -> dict[str, Any]:
        """Whether what a run did was undone, all or a part of it: when last, by which claim, and by whom."""
        undone = self.last_undo(report.type, report.claim)
        # What was put back by an undo that was undone in turn is as the run had left it.
        if undone is None or self.last_undo(undone.get("by_type") or UNDO, undone.get("by_claim")):
            return {}
        return {
            "undone_at": undone["at"],
            "undone_by": self.by_whom(undone.get("by_claim")),
            "undone_by_claim": undone.get("by_claim"),
            "rows_put_back": undone.get("rows"),
            "rows_left": undone.get("left"),
        }

    def last_undo(self, file_type: str, claim: str | None) -> dict[str, Any] | None:
        """What the bundles of a run say of the last time that something of it was undone."""
        found = []
        for path in self.bundles[file_type].get(claim or "", []):
            with suppress(FileNotFoundError):  # it has expired meanwhile, or is not complete yet
                index = json.loads(self.files.read(path))
                of_course = {
                    "at": index.get("restored"),
                    "by_type": index.get("by_type"),
                    "by_claim": index.get("by_claim"),
                }
                found.append(index.get("undone") or of_course)
        return max((each for each in found if each["at"]), key=lambda each: each["at"], default=None)

    def by_whom(self, claim: str | None) -> str | None:
        """Who ran an undo, as its own report says; None: that is gone, or not written yet."""
        if (report := self.undo_runs.get(claim or "")) is None:
            return None
        try:
            return json.loads(self.files.read(self.root / report.type / "report" / report.name)).get("by")
        except (FileNotFoundError, ValueError, AttributeError):
            return None


def facts(content: Mapping[str, Any]) -> dict[str, Any]:
    """What a report says of its run, by column.

    :param content: of the JSON report, of any version.
    """
    counts, approval = content.get("counts") or {}, content.get("approval") or {}
    changed = (content.get("changed") or {}).get("rows") or {}
    params = content.get("params")
    return {
        **{
            name: content.get(name)
            for name in ("at", "by", "type", "file", "claim", "tryback", "archive", "report", "toolsync")
        },
        "dag": content["dag_id"],
        "run": content["run_id"],
        "end": end_of(content),
        "simulated": "yes" if content.get("simulated") else "no",
        "params": None if params is None else json.dumps(params, ensure_ascii=False, sort_keys=True),
        "bytes": content.get("size"),
        "lines": (content.get("checked") or {}).get("lines"),
        **{name: counts.get(name, 0) for name in OUTCOMES},
        "rows_written": sum((content.get("written") or {}).values()),
        "rows_taken_away": total(changed, "deleted"),
        "rows_changed": total(changed, "changed"),
        "rows_made": total(changed, "made"),
        "approved_by": approval.get("by") if approval.get("answer") == "yes" else None,
        "approved_at": approval.get("at") if approval.get("answer") == "yes" else None,
    }


def end_of(content: Mapping[str, Any]) -> str:
    """How a file ended, in the words of the metrics: `done`, `rejected`, `refused`, `unfit`, `failed_over`, `simulated`."""
    for name in ("rejected", "refused", "unfit", "failed_over"):
        if content.get(name):
            return name
    return "simulated" if content.get("simulated") else "done"


def total(changed: Mapping[str, Mapping[str, int]], change: str) -> int | None:
    """The number of rows of all tables; None: the report does not say."""
    return sum(changed.get(change, {}).values()) if changed else None


def day(params: Mapping[str, Any], name: str) -> date | None:
    """A Param that is a day; None: it is empty.

    :raises AirflowFailException: it is no day.
    """
    text = (params[name] or "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise AirflowFailException(f"Param {name}: expected a day such as 2026-11-29, found {text!r}.") from None


def within(claim: str, first: date | None, last: date | None) -> bool:
    """Whether a file was taken within some days, in UTC, both included."""
    try:
        taken = moment_of(claim).astimezone(UTC).date()
    except ValueError:  # digits that are no moment
        return False
    return (first is None or taken >= first) and (last is None or taken <= last)
