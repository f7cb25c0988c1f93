"""What a run holds while its SQL is at work: the one thing that the Python which SQL calls is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from toolsync.moodle.session import MoodleSession
from toolsync.moodle.work_tables import WorkTables


class UndoLog(Protocol):
    """Where the rows go that a run takes away or changes (`course/undo_bundles.py`)."""

    def add(
        self, courseid: int, change: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Keep rows of a course.

        :param change: `deleted`, `changed` (each row before and after, one behind the other) or `made`.
        """

    def write(self, courses: Mapping[int, dict[str, Any]], release: str) -> dict[int, str]:
        """Make what was kept of these courses durable.

        :return: the name of each course's bundle.
        """

    def abandon(self) -> None:
        """Forget what was kept and not written: its transaction was rolled back."""

    def settle(self, lines: set[int]) -> None:
        """A batch ended: remove the bundles of all its lines but these."""


class BackupAnswers(Protocol):
    """What is known of the backup files that lines of courses name (`course/backup_lines.py`)."""

    def known(self, lines: Sequence[int]) -> list[tuple[int, int | None, str | None, str | None]]:
        """Line, course id, column to blame and message, of the lines about which there is something to say."""

    def mark_ready(self, rows: Iterable[Sequence[Any]]) -> None:
        """Remember lines that can be done once their backup is restored: line, path of the category."""


@dataclass
class RunState:
    """The state of one run on one open session.

    :param session: the connection, inside the run's transaction.
    :param snapshot: opens a second, reading session that sees the site as of now; None: the run's own session has to do.
    :param undo: where the undo bundles go; None when everything is rolled back in the end, or nothing can be undone.
    :param backups: None where no line can name a backup file.
    """

    session: MoodleSession
    snapshot: Callable[[], AbstractContextManager[MoodleSession]] | None = None
    undo: UndoLog | None = None
    backups: BackupAnswers | None = None
    tables: WorkTables = field(init=False)
    changed_courses: set[int] = field(default_factory=set)  # courses that this transaction made or changed
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tables = WorkTables(self.session)

    def commit(self) -> None:
        """Commit, then do what waits for that."""
        self.session.commit()
        self.changed_courses.clear()
        for act in self.after_commit:
            act()
        self.after_commit.clear()

    def rollback(self) -> None:
        """Roll back; what waited for a commit is not done."""
        self.after_commit.clear()
        self.changed_courses.clear()
        self.session.rollback()
