"""Lines of courses whose template is a backup file: the backup is restored before the transaction, which then applies the rest of the line to that course.

Only the backups of lines that will succeed are restored. To find these, all lines of the batch are executed with a bare new course in place of each backup,
and rolled back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from toolsync.course.backup_files import Restorer, RestoreResult, is_backup
from toolsync.reporting.outcomes import Outcomes
from toolsync.running.batches import Work
from toolsync.running.execution import StagedLine
from toolsync.running.lines import LineRun
from toolsync.running.state import RunState

NOT_RESTORED = (
    "its backup was not restored: when the batch was checked, the course existed or an earlier line was about to create it. "
    "Try this line again"
)


class Answer(NamedTuple):
    """The result for the backup of a line: a course, or the column of a problem and the message."""

    courseid: int | None
    column: str | None
    message: str | None


@dataclass
class Backups:
    """What the SQL is told about the backups of lines, and what it reports about these lines.

    :param rehearsing: whether a bare new course stands for each backup that is not restored yet.
    :param answers: what is known, by line.
    :param ready: the lines that will succeed once their backup is restored, with the path of their category: its id and those of the categories above it.
    """

    restorer: Restorer
    rehearsing: bool = True
    answers: dict[int, Answer] = field(default_factory=dict)
    ready: dict[int, str] = field(default_factory=dict)

    def known(self, lines: Sequence[int]) -> list[tuple[int, int | None, str | None, str | None]]:
        """The answers for lines; see `known_backups`."""
        problem = self.restorer.why_unusable or (None if self.rehearsing else NOT_RESTORED)
        otherwise = Answer(None, "template", problem)
        answers = [(line, *self.answers.get(line, otherwise)) for line in lines]
        return [answer for answer in answers if answer[1] is not None or answer[3] is not None]

    def mark_ready(self, rows: Iterable[Sequence[Any]]) -> None:
        """Remember lines that will succeed once their backup is restored; see the function of that name."""
        self.ready.update((line, path) for line, path in rows)


def known_backups(
    rows: Iterable[Sequence[Any]], state: RunState
) -> list[tuple[int, int | None, str | None, str | None]]:
    """The results for the backups of lines.

    :param rows: lines.
    :return: line, course id, column of the problem, message. A line for which a bare new course is to be created is left out.
    """
    lines = [line for (line,) in rows]
    return state.backups.known(lines) if state.backups and lines else []


def mark_ready(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[Any, ...]]:
    """Remember lines that will succeed once their backup is restored.

    :param rows: line, path of the category.
    """
    if state.backups:
        state.backups.mark_ready(rows)
    return []


class CoursesRun(LineRun):
    """The execution of a file of courses."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.restorer = Restorer(self.cabinet, self.claim, self.session)
        self.backups = self.state.backups = Backups(self.restorer)
        self.template = self.execution.names.index("template") - 1  # the first name, `line`, is not among the values

    def prepared(self, staged: Sequence[StagedLine], work: Work) -> Work:
        files = {line.line: file for line in staged if is_backup(file := line.values[self.template])}
        if self.rehearsal or not files:
            return work
        answers = self.backups.answers
        for line in files.keys() - answers.keys():
            if result := self.restorer.earlier_result(line):
                self._remember(line, result)
        waiting = files.keys() - answers.keys()
        if waiting and not self.restorer.why_unusable:
            for line, path in self._restorable(waiting, staged, work).items():
                self.log.info("Line %s: restoring %s.", line, files[line])
                self._remember(line, self.restorer.restore(line, files[line], path))
        self.backups.rehearsing = False
        return lambda lines: self._explained(work(lines))

    def _restorable(self, waiting: Collection[int], staged: Sequence[StagedLine], work: Work) -> dict[int, str]:
        """Rehearse all lines to find those whose backups are worth restoring. The answers of lines that failed are remembered.

        :param waiting: the lines whose backups are not restored yet.
        :return: those of them that will succeed, in their order, with the path of their category.
        """
        self.backups.rehearsing = True
        self.backups.ready.clear()
        outcomes = self._rehearse(staged, work)
        for line, status, column, message in outcomes.lines:
            if line in waiting and status == "failed":
                self.backups.answers[line] = Answer(None, column, message)
        ready, answers = self.backups.ready, self.backups.answers
        return {line: ready[line] for line in sorted(waiting) if line in ready and line not in answers}

    def _rehearse(self, staged: Sequence[StagedLine], work: Work) -> Outcomes:
        """Execute lines and roll back, without undo bundles."""
        undo, self.state.undo = self.state.undo, None
        try:
            self.begin()
            outcomes = work(staged)
            self.state.rollback()
        finally:
            self.state.undo = undo
        return outcomes

    def _remember(self, line: int, result: RestoreResult) -> None:
        if result.courseid:
            self.log.info("Line %s: its backup was restored as course %s.", line, result.courseid)
        self.backups.answers[line] = Answer(result.courseid, "template", result.message)

    def _explained(self, outcomes: Outcomes) -> Outcomes:
        """Add to the messages of lines that failed after their restore that the restored course is left."""
        for place, (line, status, column, message) in enumerate(outcomes.lines):
            answer = self.backups.answers.get(line)
            if status == "failed" and answer and answer.courseid:
                left = f"its backup was restored as course {answer.courseid}: delete that course, or give it this line's short name by hand"
                outcomes.lines[place] = line, status, column, f"{message} ({left})"
        return outcomes
