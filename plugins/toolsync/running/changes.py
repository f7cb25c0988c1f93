"""Keeps what each batch of a file changes on the site: the undo bundle of a real run, or what a simulation has to show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from toolsync import __version__
from toolsync.cabinet.bundles import CHANGES, FORMAT, INDEX, Bundle, Counts, parts_among
from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.session import MoodleSession
from toolsync.reporting.changed_things import changes, parts_of
from toolsync.running.images import Images
from toolsync.running.things import refers_to


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
        self._there: set[int] | None = None  # the parts that the bundle has, those of an earlier attempt included
        self._indexed = False  # whether it has an index
        self._first: int | None = None  # the first batch of this attempt
        self._kept: set[int] = set()  # the parts of this attempt
        self._open: int | None = None  # the part of the batch that is not committed

    def begin(self) -> None:
        """Look at what an earlier attempt left, before rows of the site are locked: a store takes its time."""
        if self._there is None:
            files = self.bundle.files()
            self._there, self._indexed = set(parts_among(files)), INDEX in files

    def keep(self, number: int, lines: tuple[int, int], images: Images) -> dict[str, Any] | None:
        """Write what a batch has changed, before it commits.

        :param number: of the batch.
        :param lines: the first and last line of the batch.
        :return: the number of rows by change and table, the columns that were changed, and the size in bytes; None: it has changed nothing.
        """
        if self._first is None:
            self._first = number
        self._remove(number)  # what an earlier attempt had changed, before it was rolled back
        if images.nothing:
            images.forget()  # what lines named that changed nothing
            return None
        self._open = number
        now = self.session.value("SELECT UNIX_TIMESTAMP()")
        with self.bundle.writing(number, first=lines[0], last=lines[1], at=int(now), **images.said) as part:
            images.write(part)
        images.forget()
        if not part.begun:
            return None
        self._parts_there.add(number)
        self._kept.add(number)
        if not (self._indexed or self.claim.simulate):
            self.bundle.save_index(self._index())
            self._indexed = True
        return {"rows": part.counts, "columns": part.columns, "bytes": part.size}

    def lines(self, number: int) -> set[int]:
        """The lines to which what a batch has changed is due."""
        parts = parts_of(self.bundle, refers_to, only=number)
        return {change.line for change in changes(parts) if change.line}

    def committed(self) -> None:
        """The batch was committed: what was kept of it stays."""
        self._open = None

    def take_back(self) -> None:
        """The batch was rolled back: remove what was kept of it."""
        if self._open is not None and not self.claim.simulate:
            self._kept.discard(self._open)
            self._parts_there.add(self._open)  # it may be half written: its list of contents lacks the part
            self._remove(self._open)
            if not self._parts_there:
                self.bundle.remove()
                self._indexed = False
        self._open = None

    @property
    def _parts_there(self) -> set[int]:
        self.begin()
        assert self._there is not None
        return self._there

    def _remove(self, number: int) -> None:
        if number in self._parts_there:
            self.bundle.remove_part(number)
            self._parts_there.discard(number)

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
        if self._first is not None:  # of an attempt that cut the file into more batches
            for number in [each for each in self._parts_there if each >= self._first and each not in self._kept]:
                self._remove(number)
        if not self._parts:
            if (self._parts_there or self._indexed) and not self.claim.simulate:
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
            "data_set": self.claim.options.get("data_set") or None,
            "made": now.isoformat(timespec="seconds"),
            "moodle": self.session.release,
            "site": self.session.value("SELECT value FROM {config} WHERE name = 'siteidentifier'"),
            "ended": False,
            "undone": None,
        }
