"""Records which batches of a file are done, so that each is applied exactly once, even after a crash or a power cut.

The outcomes of a batch are durable in the work folder before it commits, and a mark is committed with the batch: the mark of the batch before it goes in the
same transaction, so there is one at a time, which names the last batch that the site has. After a crash, outcomes beyond the mark belong to a transaction
that was lost. The mark is a row of `cache_flags`; Moodle's cron deletes such rows once they have expired, which these don't.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.session import MoodleSession
from toolsync.reporting.pieces import BATCH, piece_name

NEVER = 9999999999  # the latest expiry that the column holds; a claim may wait for any time


class Ledger:
    """The record of the batches of one claimed file.

    :param session: the session in whose transactions the batches run.
    """

    def __init__(self, cabinet: Cabinet, claim: Claim, session: MoodleSession) -> None:
        self._cabinet = cabinet
        self._claim = claim
        self._session = session
        self._before: int | None = None  # the last batch that was found done

    def is_done(self, number: int) -> bool:
        """Whether a batch was committed. If the run died before it could confirm that, the batch is confirmed now.

        :param number: from 0; asked for one batch after the other.
        :raises RecordsDisagree: the work folder and the site contradict each other.
        """
        name = piece_name(BATCH, number)
        marked = self._marked
        if self._cabinet.saved(self._claim, name) is not None:
            if marked is not None and number > marked:
                raise RecordsDisagree(number)
            self._before = number
            return True
        if marked is None:
            if self._before is not None:
                raise RecordsDisagree(self._before)
            return False
        if number > marked:
            return False
        pending = self._cabinet.saved(self._claim, f"{name}.pending")
        if pending is None or number < marked:
            raise RecordsDisagree(marked, missing=number)
        self._cabinet.save(self._claim, name, pending)
        self._before = number
        return True

    def enter(self, number: int, outcomes: dict[str, Any]) -> None:
        """Keep the outcomes of a batch and mark it in the database, just before it commits."""
        self._cabinet.save(self._claim, f"{piece_name(BATCH, number)}.pending", outcomes)
        self.unmark(number - 1)
        self._session.execute(
            "INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry) VALUES ('toolsync', %s, @now, '1', %s)",
            (self._mark(number), NEVER),
        )

    def confirm(self, number: int, outcomes: dict[str, Any]) -> None:
        """Record that the batch was committed."""
        self._cabinet.save(self._claim, piece_name(BATCH, number), outcomes)

    def unmark(self, number: int) -> None:
        """Remove the mark of a batch that was confirmed, or of the last one when the file is done."""
        self._session.execute(
            "DELETE FROM {cache_flags} WHERE flagtype = 'toolsync' AND name = %s", (self._mark(number),)
        )

    @cached_property
    def _marked(self) -> int | None:
        """The last batch that the site has, as the run finds it; None: no batch, or all of them."""
        names = self._session.rows(
            "SELECT name FROM {cache_flags} WHERE flagtype = 'toolsync' AND name LIKE %s", (f"{self._claim.id}/%",)
        )
        return max((int(name.rpartition("/")[2]) for (name,) in names), default=None)

    def _mark(self, number: int) -> str:
        return f"{self._claim.id}/{number}"


class RecordsDisagree(Exception):
    """The work folder and the site contradict each other about what is done.

    :param number: the last batch that one of the two has.
    :param missing: the batch whose record the work folder lacks; None: it is the site that lacks a batch.
    """

    def __init__(self, number: int, missing: int | None = None) -> None:
        super().__init__(number, missing)
        self.number = number
        self.missing = missing

    def explained(self, claim: Claim, work: Any, unit: str, last: int, *, is_whole: bool) -> AirflowFailException:
        """What a person has to know and do.

        :param work: the claim's work folder.
        :param unit: what the items of the file are called.
        :param last: the number of the last line of that batch.
        :param is_whole: whether that is the last line of the file.
        """
        rest = (
            f"That is its last {unit}, so nothing is left but what the type does at the end of a file (purging)"
            if is_whole
            else f"Copy the {unit}s after {last}, with the header, out of {work}/file into a new file and drop it"
        )
        if self.missing is None:
            return AirflowFailException(
                f"The work folder says that {claim.name} was applied up to {unit} {last}, and the site knows nothing of it: its database was put back to "
                "an earlier state, or somebody emptied its table cache_flags. Nothing was done now. Look at the site. "
                f"If those {unit}s are not there, drop the whole file again. If they are there: {rest}. Then remove {work}."
            )
        return AirflowFailException(
            f"{claim.name} was applied up to {unit} {last}, but what became of some of these {unit}s is not known: "
            f"the record {work}/{piece_name(BATCH, self.missing)} is missing. Nothing was done now, and nothing is done twice. {rest}. Then remove {work}."
        )
