"""Records which batches of a file are done, so that each is applied exactly once, even after a crash.

The outcomes of a batch are written to the work folder before it commits, and a mark is committed with the batch. After a crash, outcomes
without a mark belong to a transaction that was lost. The mark is a row of `cache_flags`, which Moodle's cron deletes once it has expired.
"""

from __future__ import annotations

from typing import Any

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.session import MoodleSession
from toolsync.reporting.pieces import BATCH, piece_name

MARK_DAYS = 7  # until the mark of a run that is never resumed expires


class Ledger:
    """The record of the batches of one claimed file.

    :param session: the session in whose transactions the batches run.
    """

    def __init__(self, cabinet: Cabinet, claim: Claim, session: MoodleSession) -> None:
        self._cabinet = cabinet
        self._claim = claim
        self._session = session

    def is_done(self, number: int) -> bool:
        """Whether a batch was committed. If the run died before it could confirm that, the batch is confirmed now."""
        name = piece_name(BATCH, number)
        if self._cabinet.saved(self._claim, name) is not None:
            return True
        pending = self._cabinet.saved(self._claim, f"{name}.pending")
        if pending is None or not self._is_marked(number):
            return False
        self._cabinet.save(self._claim, name, pending)
        return True

    def enter(self, number: int, outcomes: dict[str, Any]) -> None:
        """Keep the outcomes of a batch and mark it in the database, just before it commits."""
        self._cabinet.save(self._claim, f"{piece_name(BATCH, number)}.pending", outcomes)
        self.unmark(number - 1)
        self._session.execute(
            "INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry) VALUES ('toolsync', %s, @now, '1', @now + %s)",
            (self._mark(number), MARK_DAYS * 86400),
        )

    def confirm(self, number: int, outcomes: dict[str, Any]) -> None:
        """Record that the batch was committed."""
        self._cabinet.save(self._claim, piece_name(BATCH, number), outcomes)

    def unmark(self, number: int) -> None:
        """Remove the mark of a batch that was confirmed, or of the last one when the file is done."""
        self._session.execute(
            "DELETE FROM {cache_flags} WHERE flagtype = 'toolsync' AND name = %s", (self._mark(number),)
        )

    def _is_marked(self, number: int) -> bool:
        return bool(
            self._session.value(
                "SELECT 1 FROM {cache_flags} WHERE flagtype = 'toolsync' AND name = %s", (self._mark(number),)
            )
        )

    def _mark(self, number: int) -> str:
        return f"{self._claim.id}/{number}"
