"""A command file executed in batches, each a transaction that is applied exactly once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from toolsync.cabinet import Cabinet, Claim
from toolsync.command_file import CommandFile, Record
from toolsync.execution import Execution, Outcomes, StagedLine
from toolsync.moodle import LOCK_ERRORS, MoodleSession, error_code
from toolsync.problems import shown
from toolsync.report import BATCH, EXECUTED, Report, piece_name, pieces, totals
from toolsync.settings import settings
from toolsync.sql_folder import SqlFolder
from toolsync.staging import Stager
from toolsync.suite import Suite
from toolsync.values import read_zone

BEGUN = "begun.json"
MARK_DAYS = 7  # how long the mark of a batch may stay when nobody comes back for it


class BatchRun:
    """The execution of one claimed file on one open session."""

    def __init__(
        self, cabinet: Cabinet, claim: Claim, file: CommandFile, suite: Suite, session: MoodleSession, log: Any
    ) -> None:
        self.cabinet = cabinet
        self.claim = claim
        self.file = file
        self.session = session
        self.log = log
        self.stager = Stager(suite, file.header, read_zone(claim.options["timezone"] or session.timezone))
        folder = SqlFolder(
            suite.name,
            session,
            columns=set(file.header.plain),
            families=set(file.header.families),
            options=claim.options,
        )
        self.execution = Execution(session, folder, [(spec.name, spec.type) for spec in suite.plain_columns])

    def run(self) -> None:
        """Execute every batch that is not done yet, then keep the totals."""
        failed = Report(self.cabinet, self.claim).failed_lines()
        number = -1
        for number, records in enumerate(self._batches(failed)):
            if not self._is_done(number):
                self._execute(number, records)
        if self.claim.simulate:
            self.session.conn.rollback()
        else:
            self._unmark(number)
            self.session.conn.commit()
        self.cabinet.save(self.claim, EXECUTED, self._sum())

    def _batches(self, failed: set[int]) -> Iterator[list[Record]]:
        records = (
            record
            for chunk in self.file.records()
            for record in chunk
            if record.line not in failed and record.values is not None
        )
        size = self._batch_lines()
        while batch := list(islice(records, size)):
            yield batch

    def _batch_lines(self) -> int:
        """As many as when the file was begun: the batches that are done must be the same ones after a retry."""
        begun = self.cabinet.saved(self.claim, BEGUN) or {"batch_lines": settings()["batch_lines"]}
        self.cabinet.save(self.claim, BEGUN, begun)
        return begun["batch_lines"]

    def _execute(self, number: int, records: list[Record]) -> None:
        started = time.perf_counter()
        attempts = settings()["lock_attempts"]
        for attempt in range(1, attempts + 1):
            try:
                outcomes = self._try(number, records)
                break
            except Exception as error:
                with suppress(Exception):  # the connection itself may be what was lost
                    self.session.conn.rollback()
                if error_code(error) not in LOCK_ERRORS or attempt == attempts or self.claim.simulate:
                    raise
                self.log.info(
                    "Lines %s to %s met a lock of another writer (%s); once more.",
                    records[0].line,
                    records[-1].line,
                    error,
                )
                time.sleep(random.uniform(0.1, 0.5) * 2**attempt)
        seconds = time.perf_counter() - started
        self.log.info(
            "Lines %s to %s: %s in %.1f s.", records[0].line, records[-1].line, totals(outcomes["counts"]), seconds
        )

    def _try(self, number: int, records: list[Record]) -> dict[str, Any]:
        self.session.execute(
            "SELECT UNIX_TIMESTAMP(), CAST(SUBSTRING_INDEX(value, ',', 1) AS UNSIGNED) INTO @now, @actor FROM {config} WHERE name = 'siteadmins'"
        )
        outcomes = self._as_json(
            self.execution.run([StagedLine(record.line, *self.stager.values(record)) for record in records]), records
        )
        name = piece_name(BATCH, number)
        if self.claim.simulate:
            self.cabinet.save(self.claim, name, outcomes)
        else:
            self.cabinet.save(self.claim, f"{name}.pending", outcomes)
            self._mark(number)
            self.session.conn.commit()
            self.cabinet.save(self.claim, name, outcomes)
        return outcomes

    # Which batches are done. The mark is a row of cache_flags, which Moodle's own cron removes once it has expired.

    def _is_done(self, number: int) -> bool:
        name = piece_name(BATCH, number)
        if self.claim.simulate:
            return False
        if self.cabinet.saved(self.claim, name) is not None:
            return True
        pending = self.cabinet.saved(self.claim, f"{name}.pending")
        if pending is None or not self._marked(number):
            return False
        self.cabinet.save(self.claim, name, pending)
        return True

    def _mark(self, number: int) -> None:
        self._unmark(number - 1)
        self.session.execute(
            "INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry) VALUES ('toolsync', %s, @now, '1', @now + %s)",
            (f"{self.claim.id}/{number}", MARK_DAYS * 86400),
        )

    def _marked(self, number: int) -> bool:
        return bool(
            self.session.value(
                "SELECT 1 FROM {cache_flags} WHERE flagtype = 'toolsync' AND name = %s", (f"{self.claim.id}/{number}",)
            )
        )

    def _unmark(self, number: int) -> None:
        self.session.execute(
            "DELETE FROM {cache_flags} WHERE flagtype = 'toolsync' AND name = %s", (f"{self.claim.id}/{number}",)
        )

    # Outcomes

    def _as_json(self, outcomes: Outcomes, records: list[Record]) -> dict[str, Any]:
        """The outcomes as they are kept, with the values of the file that a person will look for."""
        by_line = {record.line: record for record in records}

        def told(line: int, field: str | None, message: str | None) -> tuple[Any, ...]:
            return line, *self._as_written(by_line[line], field), message

        failed = [told(line, field, message) for line, status, field, message in outcomes.lines if status == "failed"]
        lines = [(line, status) for line, status, _, _ in outcomes.lines]
        incomplete = {line for line, _, _ in outcomes.problems}
        counts = Counter(status for _, status in lines)
        counts["incomplete"] = sum(status != "failed" and line in incomplete for line, status in lines)
        return {
            "lines": lines,
            "counts": counts,
            "problems": failed + [told(*problem) for problem in outcomes.problems],
            "notes": [told(*note) for note in outcomes.notes],
            "stale": sorted(outcomes.stale),
        }

    def _as_written(self, record: Record, field: str | None) -> tuple[str | None, str | None]:
        """The column's name and the cell as the file writes them; no value of a secret column."""
        columns = self.file.header.named(field) if field else []
        if not columns:
            return field, None
        column = columns[0]
        value = None if column.spec.secret or record.values is None else record.values[column.position]
        return column.written, shown(value)

    def _sum(self) -> dict[str, Any]:
        counts: Counter[str] = Counter()
        stale: set[str] = set()
        for piece in pieces(self.cabinet, self.claim, BATCH):
            counts.update(piece["counts"])
            stale.update(piece["stale"])
        return {"counts": counts, "stale": sorted(stale), "seconds": self.execution.folder.seconds}
