"""Lines of courses whose template is a backup file: it is restored before the transaction, then the rest of the line is done to that course.

Only backups of lines that can be done are restored: before that, all the lines of the batch are rehearsed with a bare new course in place of each,
and rolled back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolsync.course.backup_files import Restored, Restorer, is_backup
from toolsync.reporting.outcomes import Outcomes
from toolsync.running.batches import Work
from toolsync.running.execution import StagedLine
from toolsync.running.lines import LineRun
from toolsync.running.state import RunState

Known = tuple[int | None, str | None, str | None]  # a course, or the column to blame and what there is to say

NOT_REHEARSED = "its backup was not restored: when it was looked at, this course existed, or an earlier line was to make it. Try it again"


@dataclass
class Backups:
    """What the SQL is told of the backups of lines, and what it tells of them.

    :param restorer: of these backups.
    :param rehearsing: whether a bare course stands for one that is not restored yet.
    :param answers: what is known, by line.
    :param ready: the lines that would be done if their backup were restored; the ids of the category and of those above it.
    """

    restorer: Restorer
    rehearsing: bool = True
    answers: dict[int, Known] = field(default_factory=dict)
    ready: dict[int, str] = field(default_factory=dict)

    def known(self, lines: Sequence[int]) -> list[tuple[int, int | None, str | None, str | None]]:
        """Line, course id, column and message; nothing of a line for which a bare course is made."""
        otherwise = self.restorer.fault or (None if self.rehearsing else NOT_REHEARSED)
        found = [(line, *self.answers.get(line, (None, "template", otherwise))) for line in lines]
        return [row for row in found if row[1] is not None or row[3] is not None]

    def mark_ready(self, rows: Iterable[Sequence[Any]]) -> None:
        """Remember lines that can be done: line, path of the category."""
        self.ready.update((line, path) for line, path in rows)


def known(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, int | None, str | None, str | None]]:
    """What is known of the backups of lines.

    :param rows: lines.
    :return: line, course id, column to blame, message; nothing of a line for which a bare course is made.
    """
    lines = [line for (line,) in rows]
    return state.backups.known(lines) if state.backups and lines else []


def mark_ready(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[Any, ...]]:
    """Remember the lines that can be done.

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
        self.template = self.execution.names.index("template") - 1  # `line` is the first of those

    def prepared(self, staged: Sequence[StagedLine], work: Work) -> Work:
        files = {line.line: file for line in staged if is_backup(file := line.values[self.template])}
        if self.rehearsal or not files:
            return work
        for line in files.keys() - self.backups.answers.keys():
            if restored := self.restorer.recall(line):
                self._know(line, restored)
        todo = {line: file for line, file in files.items() if line not in self.backups.answers}
        if todo and not self.restorer.fault:
            for line, path in self._rehearsed(todo.keys(), staged, work).items():
                self.log.info("Line %s: Moodle restores %s.", line, todo[line])
                self._know(line, self.restorer.restore(line, todo[line], path))
        self.backups.rehearsing = False
        return lambda lines: self._explained(work(lines))

    def _rehearsed(self, todo: Collection[int], staged: Sequence[StagedLine], work: Work) -> dict[int, str]:
        """Do all lines and roll them back.

        :return: those of `todo` whose backups are to be restored, in their order. Of those that can't be done, it is known from now on.
        """
        self.backups.rehearsing = True
        self.backups.ready.clear()
        undo, self.state.undo = self.state.undo, None
        try:
            self.begin()
            outcomes = work(staged)
            self.state.rollback()
        finally:
            self.state.undo = undo
        for line, status, column, message in outcomes.lines:
            if line in todo and status == "failed":
                self.backups.answers[line] = None, column, message
        ready, known = self.backups.ready, self.backups.answers
        return {line: ready[line] for line in todo if line in ready and line not in known}

    def _know(self, line: int, restored: Restored) -> None:
        if restored.courseid:
            self.log.info("Line %s: its backup was restored as course %s.", line, restored.courseid)
        self.backups.answers[line] = restored.courseid, "template", restored.message

    def _explained(self, outcomes: Outcomes) -> Outcomes:
        """Say of lines that failed after all what is left of them on the site."""
        for place, (line, status, column, message) in enumerate(outcomes.lines):
            courseid, *_ = self.backups.answers.get(line, (None,))
            if status == "failed" and courseid:
                left = f"its backup was restored as course {courseid}: delete that, or give it by hand the short name of this line"
                outcomes.lines[place] = line, status, column, f"{message} ({left})"
        return outcomes
