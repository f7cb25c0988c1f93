"""What becomes of the state of a data set while a file of it is applied. At every instant, the site has all that the state says.

Unless its database was put back to an earlier state. So the last file is marked there, too, and a state that is bound to another mark is not trusted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.data_sets import DataSet, State
from toolsync.cabinet.folders import Cabinet
from toolsync.data_sets.before import MARK, SITE, Before, kept_comparison, name_of
from toolsync.data_sets.hands_off import HandsOff
from toolsync.data_sets.memory import Memory
from toolsync.moodle.session import MoodleSession
from toolsync.reading.command_file import CommandFile
from toolsync.reporting.line_set import LineSet
from toolsync.reporting.pieces import BATCH, CHECKED, SAME, VERIFIED, pieces
from toolsync.reporting.report import Report

log = logging.getLogger(__name__)

MARKED_SECONDS = 400 * 86400  # after which Moodle's cron removes the mark of a data set that has had no file since


class Applied:
    """The data set of a file that is executed. The caller has the lock of the site: nobody else applies a file meanwhile.

    :param file: the file.
    :param site: what the database tells, `OF_DATABASE`.
    :param rehearsal: whether all is rolled back; then the state stays as it is.
    :param begun: whether an earlier attempt has committed some of it.
    :param check_again: compares and validates the file once more.
    """

    def __init__(
        self,
        cabinet: Cabinet,
        claim: Claim,
        file: CommandFile,
        *,
        site: Mapping[str, str],
        rehearsal: bool,
        begun: bool,
        check_again: Callable[[Before], None],
    ) -> None:
        self.cabinet = cabinet
        self.claim = claim
        self.data_set = DataSet(cabinet, name_of(claim.options))
        self.site = site
        self.rehearsal = rehearsal
        before = Before.of(cabinet, claim, file)
        assert before is not None
        self.compares = before.compares
        self.state = before.state
        self._resumed_after_others = False
        mine = self.state is not None and self.state.claim == claim.id
        self.newer = self.state.file if self.state and self.state.claim > claim.id else None
        if begun and not mine:
            self._resumed_after_others = self.compares
        elif self.compares and not mine and self._is_outdated(before):
            log.info(
                "Data set %s: %s. The file is compared again.",
                before.data_set.name,
                before.why_anew(site) or "another file was applied since this one was compared",
            )
            check_again(before)
        self.before = before
        self.memory = self._trusted_memory(mine) if claim.options.get("keep_manual_changes") else None
        self.hands_off: HandsOff | None = None  # what uses it, once the run is open

    def _trusted_memory(self, mine: bool) -> Memory:
        """What the files of the data set wrote. Nothing, if a run may have written more: what that wrote would look like somebody else's.

        :param mine: whether the state is that of this very run, which goes on.
        """
        memory, state = Memory.of(self.data_set), self.state
        if state is None or self._resumed_after_others or state.bound.get(SITE) != self.site[SITE]:
            return Memory()
        # Without any mark, the site may be as it was: somebody has emptied the table.
        if not mine and self.site[MARK] not in ("", state.bound.get(MARK)):
            return Memory()
        known = {state.remembered, self.claim.id} if mine else {state.remembered} if state.settled else set[str]()
        return memory if memory.claim and memory.claim in known else Memory()

    def _is_outdated(self, before: Before) -> bool:
        """Whether the file has to be compared with something else than it was."""
        kept = self.cabinet.saved(self.claim, SAME)
        if kept is None or kept["token"] != (self.state.token if self.state else None):
            return True
        return not kept["anew"] and before.why_anew(self.site) is not None

    def begin(self) -> None:
        """Before the first batch commits: let the state say only what the run leaves alone."""
        if self.rehearsal or not self.compares:
            return
        if self._resumed_after_others:
            self.data_set.drop()
        elif self.state is None or self.state.claim != self.claim.id:
            self.data_set.keep(self._of_now(kept_comparison(self.cabinet, self.claim).left_alone(), settled=False))

    def take_back(self) -> None:
        """Nothing of the file reached the site after all: the state is as it was."""
        if self.rehearsal or not self.compares or self._resumed_after_others:
            return
        if self.state is None:
            self.data_set.drop()
        else:
            self.data_set.keep(self.state)

    def end(self, session: MoodleSession) -> None:
        """After the last batch: let the state be that of the file, but for the lines that failed.

        :param session: of the site, with nothing left to commit.
        """
        self._tell_verified()
        if self.rehearsal or (self.newer and not self.compares):
            return
        if self._resumed_after_others:
            log.warning(
                "Data set %s starts anew: %s was cut off, and went on after another file of the data set was applied. The next file is applied wholly.",
                self.data_set.name,
                self.claim.name,
            )
            return
        entries = b""
        if self.compares:
            failed = Report(self.cabinet, self.claim).failed_lines(CHECKED, BATCH)
            entries = kept_comparison(self.cabinet, self.claim).done(failed)
        if self.hands_off:
            self.hands_off.keep(self.data_set, self.claim.id)
        if self.compares:
            write_mark(session, self.data_set, self.before.salt, self.claim.id)
        self.data_set.keep(self._of_now(entries, settled=True))

    def _of_now(self, entries: bytes, *, settled: bool) -> State:
        """The state that this file makes."""
        told, validated = self.cabinet.saved(self.claim, SAME) or {}, Report(self.cabinet, self.claim).validated
        whole = bool(told.get("anew") or told.get("verified") is not None)
        last = self.state
        counts = settled and self._is_measure()
        return State(
            claim=self.claim.id,
            file=self.claim.name,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            lines=validated["lines"] if counts else last.lines if last else 0,
            settled=settled,
            since=0 if whole or last is None else last.since + (last.claim != self.claim.id),
            bound={**self.before.bound, **self.site, **({MARK: self.claim.id} if settled else {})}
            if self.compares
            else {},
            remembered="" if self.memory is None else self.claim.id if settled else self.memory.claim,
            salt=told.get("salt", ""),
            entries=entries,
            lines_before=last.lines if last else 0,
            lines_of=self.claim.name if counts else last.lines_of if last else "",
            whole=self._states_all if counts else bool(last and last.whole),
        )

    @property
    def _states_all(self) -> bool:
        return self.claim.options.get("mode") == "full"

    def _is_measure(self) -> bool:
        """Whether the file says how long an export is. A tryback does not, nor does a delta that comes between whole exports."""
        held = self._states_all or self.claim.options.get("least_lines") is not None
        return not self.claim.is_tryback and bool(held or not (self.state and self.state.whole))

    def _tell_verified(self) -> None:
        """Say how many lines were not as the data set thought, if the whole file was applied to find that out."""
        told = self.cabinet.saved(self.claim, SAME) or {}
        if told.get("verified") is None:
            return
        alike = LineSet(told["verified"])
        failed = Report(self.cabinet, self.claim).failed_lines(CHECKED)
        other = sum(line in alike for line in failed)
        for piece in pieces(self.cabinet, self.claim, BATCH):
            other += sum(status != "unchanged" and line in alike for line, status, *_ in piece["lines"])
        found = (
            f"{other:,} of {len(alike):,} lines were not as the data set thought"
            if other
            else "all lines were as the data set thought"
        )
        self.cabinet.save(self.claim, VERIFIED, {"told": f"Data set {self.data_set.name}, found by verify: {found}."})


def mark_of(session: MoodleSession, data_set: DataSet) -> str:
    """The run of the last file of a data set, as the site has it; empty: it has none."""
    state = data_set.state()
    return _marked(session, data_set, state.salt)[1] if state else ""


def write_mark(session: MoodleSession, data_set: DataSet, salt: str, claim_id: str) -> None:
    """Let the site know the run of the last file of a data set.

    :param salt: that of its state: another cabinet's data set of that name, on the same site, has another mark.
    """
    if row := _marked(session, data_set, salt)[0]:
        session.execute(
            "UPDATE {cache_flags} SET value = %s, expiry = UNIX_TIMESTAMP() + %s WHERE id = %s",
            (claim_id, MARKED_SECONDS, row),
        )
    else:
        session.execute(
            "INSERT INTO {cache_flags} (flagtype, name, timemodified, value, expiry) VALUES ('toolsync', %s, UNIX_TIMESTAMP(), %s, UNIX_TIMESTAMP() + %s)",
            (_name(data_set, salt), claim_id, MARKED_SECONDS),
        )
    session.commit()


def _marked(session: MoodleSession, data_set: DataSet, salt: str) -> tuple[int | None, str]:
    """The id of the row, and the run; the site finds names that differ in case, too."""
    name = _name(data_set, salt)
    found = session.rows("SELECT id, name, value FROM {cache_flags} WHERE flagtype = 'toolsync' AND name = %s", (name,))
    return next(((number, value) for number, written, value in found if written == name), (None, ""))


def _name(data_set: DataSet, salt: str) -> str:
    return f"data_set/{data_set.cabinet.file_type}/{data_set.name}/{salt}"
