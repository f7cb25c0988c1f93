"""The state of a run on a site, which is passed to every Python function that SQL calls."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.moodle.work_tables import WorkTables
from toolsync.running.images import Images, Ranges
from toolsync.sites import Site, the_site


class UndoLog(Protocol):
    """Keeps the rows that a run deletes or changes (`course/undo_bundles.py`).

    :param alone: whether the run keeps them nowhere else.
    """

    alone: bool

    def add(
        self, courseid: int, change: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], **more: Any
    ) -> None:
        """Keep rows of a course, in memory.

        :param change: `deleted`, `changed` (each row twice: before, then after) or `made`.
        :param more: what else the bundle says of them.
        """

    def write(self, courses: Mapping[int, dict[str, Any]], release: str) -> dict[int, str]:
        """Write the rows kept of these courses to durable undo bundles.

        :param courses: what the index of the bundle says about each course, by course id.
        :param release: the site's Moodle release.
        :return: the name of each bundle, by course id; a course without kept rows has none.
        """

    def abandon(self) -> None:
        """Forget the rows that were kept but not written, after a rollback."""

    def settle(self, lines: set[int]) -> None:
        """Before a batch commits: remove the bundles of lines that failed after all.

        :param lines: the lines that are done.
        """

    def take_back(self, *, keep_settled: bool) -> None:
        """After a batch was rolled back: remove its bundles.

        :param keep_settled: nobody knows whether it was rolled back or committed, so keep those that `settle` left.
        """

    def committed(self) -> None:
        """After a batch was committed: its bundles stay."""


class BackupAnswers(Protocol):
    """What is known about the backup files that lines of a courses file name (`course/backup_lines.py`)."""

    def known(self, lines: Sequence[int]) -> list[tuple[int, int | None, str | None, str | None]]:
        """Say what became of the backups of lines.

        :return: line, course id, column of the problem, message; only for lines about which something is known.
        """

    def mark_ready(self, rows: Iterable[Sequence[Any]]) -> None:
        """Remember the lines that can be executed once their backup is restored.

        :param rows: line, path of the category.
        """


class SiteLog(Protocol):
    """Writes what a batch did to the site's own log (`running/moodle_log.py`)."""

    def write(self) -> None:
        """Write what the transaction has done so far, before it commits."""


@dataclass
class RunState:
    """The state of one run on one open session.

    :param session: the connection, inside the run's transaction.
    :param snapshot: opens a second, read-only session that sees the site as it is then; None: read on the run's own session.
    :param undo: keeps undo bundles; None for a run that is rolled back or can't be undone.
    :param images: keeps what the transaction changes; None: nobody wants to know.
    :param claim_id: the claim of the file that is executed; None: there is none.
    :param site_log: tells the site's own log what each batch did; None: nobody does.
    :param backups: what is known about backup files; None for a type whose lines can't name one.
    """

    session: MoodleSession
    site: Site = field(default_factory=the_site)
    snapshot: Callable[[], AbstractContextManager[MoodleSession]] | None = None
    undo: UndoLog | None = None
    backups: BackupAnswers | None = None
    images: Images | None = None
    claim_id: str | None = None
    keeps_changes: bool = True  # whether what `images` knows is kept for an undo
    site_log: SiteLog | None = None
    tables: WorkTables = field(init=False)
    changed_courses: set[int] = field(default_factory=set)  # ids of courses that this transaction created or changed
    before_commit: list[Callable[[], None]] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    transaction: int = 0  # its number, from 0
    written: Counter[str] = field(default_factory=Counter)  # rows that this transaction wrote, by table of the site
    more_lines: bool = False  # whether others come after those that are applied
    # Ids of rows whose places later lines settle: `toolsync_waiting` in `include/sql/README.md`.
    waiting: Ranges = field(default_factory=list)
    locked: float = 0.0  # seconds for which the last transaction locked rows of the site
    _locking_since: float | None = (
        None  # when this transaction first wrote to the site, as `time.perf_counter` tells it
    )
    _waiting_committed: Ranges = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tables = WorkTables(self.session)

    @property
    def writes_nothing_yet(self) -> bool:
        """Whether this transaction has written nothing to the site, and so locks none of its rows."""
        return self._locking_since is None

    def locks_from_now(self) -> None:
        """Take note that the transaction is about to write to the site, and so to lock rows, unless it did before."""
        if self.writes_nothing_yet:
            self._locking_since = time.perf_counter()

    def commit(self) -> None:
        """Call the functions in `before_commit`, commit, then call those in `after_commit`."""
        for act in self.before_commit:
            act()
        self.before_commit.clear()
        self.session.commit()
        self._ended()
        self._waiting_committed = self.waiting
        if self.undo:
            self.undo.committed()
        self.changed_courses.clear()
        if self.images:
            self.images.forget()
        for act in self.after_commit:
            act()
        self.after_commit.clear()

    def go_on(self, waiting: Ranges) -> None:
        """Take note of what a batch that is committed leaves to those after it."""
        self.waiting = self._waiting_committed = waiting

    def rollback(self) -> None:
        """Roll back, and forget the functions in `before_commit` and `after_commit`."""
        self.before_commit.clear()
        self.after_commit.clear()
        self.changed_courses.clear()
        self.session.rollback()
        self._ended()
        self.waiting = self._waiting_committed
        self.tables.drop()
        if self.images:
            self.images.lost()

    def _ended(self) -> None:
        self.transaction += 1
        self.written.clear()
        self.locked = time.perf_counter() - self._locking_since if self._locking_since is not None else 0.0
        self._locking_since = None

    def savepoint(self, name: str) -> Callable[[], None]:
        """Set a savepoint.

        :return: a function that rolls back to it, and forgets what the run has remembered since.
        """
        self.session.execute(f"SAVEPOINT {name}")
        courses, written, waiting = set(self.changed_courses), self.written.copy(), self.waiting
        acts, acts_before = len(self.after_commit), len(self.before_commit)
        forget = self.images.things.savepoint() if self.images else None

        def roll_back() -> None:
            self.session.execute(f"ROLLBACK TO SAVEPOINT {name}")
            self.tables.drop()
            self.changed_courses &= courses
            del self.after_commit[acts:]
            del self.before_commit[acts_before:]
            self.written = written.copy()
            self.waiting = waiting
            if self.undo:
                self.undo.abandon()
            if forget:
                forget()

        return roll_back


@contextmanager
def open_run(
    site: Site, *, lock_seconds: int | None = None, undo: UndoLog | None = None, images: bool = False
) -> Iterator[RunState]:
    """Open a session on a site, with a run on it.

    :param site: the site.
    :param lock_seconds: how long to wait for another Tool Sync run that writes to the site. None: a run that only reads.
    :param undo: keeps undo bundles of courses.
    :param images: whether to keep what the run changes.
    :raises AirflowException: as `MoodleHook.session`.
    """
    hook = MoodleHook(site.moodle_conn_id, site)
    with hook.session(lock_seconds=lock_seconds) as session:
        kept = Images(session, hook.snapshot) if images else None
        yield RunState(session, site, snapshot=hook.snapshot, undo=undo, images=kept)
