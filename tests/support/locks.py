"""What a run locks on the site, seen by another connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.site import Site
from toolsync.moodle.session import MoodleSession
from toolsync.running.state import RunState


class Locks:
    """Looks for locked rows while a transaction of a run is open.

    :param site: where it runs.
    """

    def __init__(self, site: Site) -> None:
        self._connection = site.connect()
        self._connection.autocommit(False)
        self._rows("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        with_id = (
            "SELECT table_name FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'id'"
        )
        # The statistics do not tell which are empty: a server that has just started may have none.
        asked = (f"(SELECT '{name}' FROM `{name}` LIMIT 1)" for (name,) in self._rows(with_id))
        self._tables = [name for (name,) in self._rows(" UNION ALL ".join(asked))]
        self.found: list[str] = []  # what should not be locked

    def before_the_first_write(self) -> None:
        """Nothing is to be locked."""
        self.found += [
            f"{table} {sorted(locked)[:5]} locked before anything is written"
            for table, locked in self._locked().items()
        ]

    def before_the_commit(self, session: MoodleSession) -> None:
        """Nothing is to be locked but what changes.

        :param session: whose transaction it is.
        """
        for table, locked in self._locked().items():
            # Few are locked, of a small site.
            rows = f"SELECT * FROM `{table}` WHERE id IN ({', '.join(map(str, locked))})"
            stays = set(map(repr, self._rows(rows))) & set(map(repr, session.rows(rows)))
            if stays:
                self.found.append(f"{table}: locked and not changed: {sorted(stays)[:3]}")

    def close(self) -> None:
        self._connection.close()

    def _locked(self) -> dict[str, set[int]]:
        """The ids of locked rows, by table."""
        every = set(self._rows(self._union("")))
        free = set(self._rows(self._union("FOR UPDATE SKIP LOCKED")))
        self._rows("COMMIT")
        found: dict[str, set[int]] = {}
        for table, id in every - free:
            found.setdefault(table, set()).add(id)
        return found

    def _union(self, locking: str) -> str:
        # By the primary key: an INSERT of a unique key that was deleted before locks its neighbour in that index, which stops nobody who changes the row.
        parts = (f"(SELECT '{table}', id FROM `{table}` FORCE INDEX (PRIMARY) {locking})" for table in self._tables)
        return " UNION ALL ".join(parts)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())


@contextmanager
def locks_watched(site: Site) -> Iterator[list[str]]:
    """Collect, as sentences, what the runs inside lock and should not."""
    locks = Locks(site)
    locks_from_now, commit = RunState.locks_from_now, RunState.commit

    def writing(state: RunState) -> None:
        if state.writes_nothing_yet:
            locks.before_the_first_write()
        locks_from_now(state)

    def committing(state: RunState) -> None:
        locks.before_the_commit(state.session)
        commit(state)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunState, "locks_from_now", writing)
        patch.setattr(RunState, "commit", committing)
        try:
            yield locks.found
        finally:
            locks.close()
