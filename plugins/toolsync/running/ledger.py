"""Records which batches of a file are done, so that each is applied exactly once, even after a crash or a power cut.

With each batch commits a mark, which holds the outcomes of the batch: the mark of the batch before it goes in the same transaction, so there is one at a time,
which tells the last batch that the site has. Once it is committed, the outcomes are kept in the work folder; if the run dies before, the next one takes them
out of the mark. The mark is in rows of `cache_flags`; Moodle's cron deletes such rows once they have expired, which these don't.
"""

from __future__ import annotations

import base64
import zlib
from functools import cached_property
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.json_bytes import as_json, from_json
from toolsync.moodle.session import MoodleSession
from toolsync.reporting.pieces import BATCH, piece_name, pieces

PART = 500_000  # characters of a row: a packet to or from the server has a greatest size
NEVER = 9999999999  # the latest expiry that the column holds; a claim may wait for any time


class Ledger:
    """The record of the batches of one claimed file.

    :param session: the session in whose transactions the batches run.
    """

    def __init__(self, cabinet: Cabinet, claim: Claim, session: MoodleSession) -> None:
        self._cabinet = cabinet
        self._claim = claim
        self._session = session

    def done(self, number: int) -> dict[str, Any] | None:
        """The outcomes of a batch that an earlier attempt committed; None: none did. If that died before it could keep them, they are kept now.

        :param number: from 0; asked for one batch after the other, up to the first that was not committed.
        :raises RecordsDisagree: the work folder and the site contradict each other.
        """
        kept, marked = self._kept(number), self._marked
        if kept is not None:
            if marked is not None and number > marked:
                raise RecordsDisagree(self._last_line())
            return kept
        if marked is None:
            if number:
                raise RecordsDisagree(self._last_line())
            return None
        if number > marked:
            return None
        outcomes = self._in_mark(marked)
        if number < marked:
            raise RecordsDisagree(max(outcomes["last"], self._last_line()), missing=number)
        self.confirm(number, outcomes)
        return outcomes

    def enter(self, number: int, outcomes: dict[str, Any]) -> None:
        """Mark a batch in the database, with its outcomes, just before it commits.

        :param outcomes: what is kept of it; `last` is the number of its last line.
        """
        self.unmark(number - 1)
        packed = _packed(outcomes)
        for part, start in enumerate(range(0, len(packed), PART)):
            self._session.execute(
                "INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry) VALUES ('toolsync', %s, @now, %s, %s)",
                (f"{self._mark(number)}/{part}", packed[start : start + PART], NEVER),
            )

    def confirm(self, number: int, outcomes: dict[str, Any]) -> None:
        """Keep the outcomes of a batch that was committed."""
        self._cabinet.save(self._claim, piece_name(BATCH, number), outcomes)

    def unmark(self, number: int) -> None:
        """Remove the mark of a batch whose outcomes are kept."""
        found = self._session.rows(
            "SELECT id FROM {cache_flags} WHERE flagtype = 'toolsync' AND name LIKE %s", (f"{self._mark(number)}/%",)
        )
        for (id,) in found:  # a DELETE by names would lock the flags of others beside them
            self._session.execute("DELETE FROM {cache_flags} WHERE id = %s", (id,))

    @cached_property
    def _marked(self) -> int | None:
        """The last batch that the site has, as the run finds it; None: no batch, or all of them."""
        names = self._session.rows(
            "SELECT name FROM {cache_flags} WHERE flagtype = 'toolsync' AND name LIKE %s", (f"{self._claim.id}/%",)
        )
        return max((int(name.split("/")[1]) for (name,) in names), default=None)

    def _in_mark(self, number: int) -> dict[str, Any]:
        parts = self._session.rows(
            "SELECT name, value FROM {cache_flags} WHERE flagtype = 'toolsync' AND name LIKE %s",
            (f"{self._mark(number)}/%",),
        )
        parts.sort(key=lambda part: int(part[0].rpartition("/")[2]))
        return self._of_this_version(_unpacked("".join(value for _, value in parts)) if parts else None)

    def _kept(self, number: int) -> dict[str, Any] | None:
        kept = self._cabinet.saved(self._claim, piece_name(BATCH, number))
        return kept and self._of_this_version(kept)

    def _of_this_version(self, outcomes: dict[str, Any] | None) -> dict[str, Any]:
        """Outcomes, unless a version before 0.2 kept them, whose batches were all of one size."""
        if outcomes is None or "last" not in outcomes:
            raise AirflowFailException(
                f"{self._claim.name} was begun by Tool Sync 0.1, which kept other records. Nothing was done now. Let that version finish it, then update."
            )
        return outcomes

    def _last_line(self) -> int:
        """The last line of all batches that the work folder has. At the end of a file, batches count its lines from the first again."""
        return max(
            (self._of_this_version(piece)["last"] for piece in pieces(self._cabinet, self._claim, BATCH)), default=0
        )

    def _mark(self, number: int) -> str:
        return f"{self._claim.id}/{number}"


def _packed(outcomes: dict[str, Any]) -> str:
    """Outcomes as a mark holds them.

    :raises UnicodeEncodeError: they could not be kept in a file either; better known before the commit.
    """
    return base64.b64encode(zlib.compress(as_json(outcomes), 1)).decode()


def _unpacked(value: str) -> dict[str, Any]:
    return from_json(zlib.decompress(base64.b64decode(value)))


class RecordsDisagree(Exception):
    """The work folder and the site contradict each other about what is done.

    :param last: the number of the last line that one of the two has.
    :param missing: the batch whose record the work folder lacks; None: it is the site that lacks a batch.
    """

    def __init__(self, last: int, missing: int | None = None) -> None:
        super().__init__(last, missing)
        self.last = last
        self.missing = missing

    def explained(self, claim: Claim, work: Any, unit: str, last_of_file: int) -> AirflowFailException:
        """What a person has to know and do.

        :param work: the claim's work folder.
        :param unit: what the items of the file are called.
        :param last_of_file: the number of the last line of the file.
        """
        rest = (
            f"Its last {unit} is {last_of_file}, so nothing is left but what comes at the end of a file (purging; with mode full, what is not in the file)"
            if self.last >= last_of_file
            else f"Copy the {unit}s after {self.last}, with the header, out of {work}/file into a new file and drop it"
        )
        clear = (
            f"Then remove {work}, and from the site's table cache_flags the rows whose name begins with {claim.id}/."
        )
        if self.missing is None:
            return AirflowFailException(
                f"The work folder says that {claim.name} was applied up to {unit} {self.last}, and the site knows nothing of it: its database was put back to "
                "an earlier state, or somebody emptied its table cache_flags. Nothing was done now. Look at the site. "
                f"If those {unit}s are not there, drop the whole file again. If they are there: {rest}. {clear}"
            )
        return AirflowFailException(
            f"{claim.name} was applied up to {unit} {self.last}, but what became of some of these {unit}s is not known: "
            f"the record {work}/{piece_name(BATCH, self.missing)} is missing. Nothing was done now, and nothing is done twice. {rest}. {clear}"
        )
