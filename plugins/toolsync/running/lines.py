"""Executes a command file that is a table of lines."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.reading.command_file import CommandFile, Record
from toolsync.reading.problems import shown
from toolsync.reading.staging import Stager
from toolsync.reading.suite import Suite
from toolsync.reading.values import read_zone
from toolsync.running.ahead import read_ahead
from toolsync.running.batches import BatchRun
from toolsync.running.execution import StagedLine
from toolsync.running.sql_folder import SqlFolder

RECORDS = 1000  # that are read and converted at once, ahead of the database


@dataclass(slots=True)
class ReadLine:
    """A record, and what is staged of it."""

    record: Record
    staged: StagedLine

    @property
    def line(self) -> int:
        return self.record.line


class LineRun(BatchRun[ReadLine]):
    """Executes a CSV file.

    :param suite: the columns of its type.
    :param folder: the SQL of the type, rendered for this file.
    """

    def __init__(
        self,
        cabinet: Cabinet,
        claim: Claim,
        file: CommandFile,
        suite: Suite,
        folder: SqlFolder,
        log: Any,
        *,
        planning: bool = False,
    ) -> None:
        columns = [(spec.name, spec.type) for spec in suite.plain_columns]
        super().__init__(cabinet, claim, folder, columns, log, planning=planning)
        self.file = file
        zone = read_zone(claim.options["timezone"] or self.session.timezone)
        self.stager = Stager(suite, file.header, zone, self.session.schema.limits)

    def items(self, failed: set[int]) -> Iterator[ReadLine]:
        return read_ahead(self._pieces(failed, self.same))

    def _pieces(self, failed: set[int], same: Container[int]) -> Iterator[list[ReadLine]]:
        for records in self.file.records(RECORDS):
            yield [
                ReadLine(record, StagedLine(record.line, *self.stager.values(record), self.stager.misfit(record)))
                for record in records
                if record.line not in failed and record.line not in same and record.values is not None
            ]

    def last_line(self) -> int:
        return max(record.line for records in self.file.records(RECORDS) for record in records if record.values)

    def stage(self, number: int, items: list[ReadLine]) -> list[StagedLine]:
        return [item.staged for item in items]

    def as_written(self, item: ReadLine, field: str | None) -> tuple[str | None, str | None]:
        """As in `BatchRun`, without the value of a secret column."""
        columns = self.file.header.named(field) if field else []
        if not columns:
            return field, None
        column = columns[0]
        value = None if column.spec.secret or item.record.values is None else item.record.values[column.position]
        return column.written, shown(value)
