"""Keeps what each batch of a file changes on the site: the undo bundle of a real run, or what a simulation has to show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from toolsync import __version__
from toolsync.cabinet.bundles import CHANGES, FORMAT, Bundle, Counts
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.session import MoodleSession
from toolsync.running.images import Images


class Changes:
    """The parts of one claimed file's bundle, written batch by batch.

    :param session: the session in whose transactions the batches run.
    """

    def __init__(self, cabinet: Cabinet, claim: Claim, session: MoodleSession) -> None:
        self.claim = claim
        self.session = session
        self.bundle = Bundle.of_claim(cabinet, claim)
        self._rows: Counts = {change: {} for change in CHANGES}
        self._columns: dict[str, list[str]] = {}  # that were changed, by table
        self._parts = 0
        self._bytes = 0
        self._there: set[int] | None = None  # the parts of an earlier attempt

    def keep(self, number: int, lines: tuple[int, int], images: Images) -> dict[str, Any] | None:
        """Write what a batch has changed, before it commits.

        :param number: of the batch.
        :param lines: the first and last line of the batch.
        :return: the number of rows by change and table, the columns that were changed, and the size in bytes; None: it has changed nothing.
        """
        if self._there is None:
            self._there = set(self.bundle.parts())
        if not images.nothing:
            if not self._there and not self.claim.simulate:
                self.bundle.save_index(self._index())
            with self.bundle.writing(number) as part:
                part.line({"part": number, "first": lines[0], "last": lines[1]})
                images.write(part)
            self._there.add(number)
            images.forget()
            if any(part.counts.values()):
                return {"rows": part.counts, "columns": part.columns, "bytes": part.size}
        if number in self._there:
            self.bundle.remove_part(number)
            self._there.discard(number)
        return None

    def count(self, kept: dict[str, Any] | None) -> None:
        """Take note of what became of a batch, now or in an earlier attempt.

        :param kept: what `keep` returned.
        """
        if not kept:
            return
        for change, tables in kept["rows"].items():
            for table, rows in tables.items():
                self._rows[change][table] = self._rows[change].get(table, 0) + rows
        for table, columns in kept["columns"].items():
            self._columns[table] = sorted({*self._columns.get(table, ()), *columns})
        self._parts += 1
        self._bytes += kept["bytes"]

    def end(self) -> dict[str, Any] | None:
        """Complete the index.

        :return: what it says of all parts; None: nothing was changed.
        """
        if not self._parts:
            if self._there and not self.claim.simulate:
                self.bundle.remove()
            return None
        totals = {"parts": self._parts, "rows": self._rows, "bytes": self._bytes}
        if not self.claim.simulate:
            self.bundle.save_index({**self._index(), **totals, "columns": self._columns, "ended": True})
        return totals

    def _index(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            "format": FORMAT,
            "toolsync": __version__,
            "type": self.bundle.cabinet.file_type,
            "claim": self.claim.id,
            "file": self.claim.name,
            "made": now.isoformat(timespec="seconds"),
            "moodle": self.session.release,
            "site": self.session.value("SELECT value FROM {config} WHERE name = 'siteidentifier'"),
            "ended": False,
            "undone": None,
        }
