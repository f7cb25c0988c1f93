"""What holds for any two files: undone the last first, nothing is left of them; in any other order nothing is left as soon as each was undone while nothing stood in its way.

Below the DAG, in a transaction that is never committed, so that an example takes a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings

from tests.support.generated import KINDS, File, files
from tests.support.samples import examples
from tests.support.sandbox import EXAMPLES, Sandbox
from tests.support.site import Site
from toolsync.cabinet.bundles import Bundle
from toolsync.cabinet.claims import new_id
from toolsync.cabinet.folders import Cabinet
from toolsync.course.undo_parts import Part
from toolsync.functions import sql_folder
from toolsync.moodle.hook import MoodleHook
from toolsync.running.execution import Execution, StagedLine
from toolsync.running.images import Images
from toolsync.running.sql_folder import Occasion


class Undoing(Sandbox):
    """A sandbox in which files are undone."""

    def keep(self, file: File) -> Part:
        """Execute a file and keep what it has changed."""
        self.state.images = Images(self.session)
        bundle = Bundle(Cabinet(file.kind), new_id())
        try:
            self.execute(file)
            with bundle.writing(0, first=2, last=99) as part:
                self.state.images.write(part)
        finally:
            self.state.images.lost()
            self.state.images = None
        site = self.session.value("SELECT value FROM {config} WHERE name = 'siteidentifier'")
        about = {"made": "2026-01-01T00:00:00+00:00", "site": site, "ended": True, "file": "generated.csv"}
        bundle.save_index({**about, "rows": part.counts, "columns": part.columns, "undone": None})
        return Part(file.kind, bundle.claim_id, "0")

    def undo(self, *parts: Part) -> list[tuple[str, str]]:
        """Undo parts, in this order.

        :return: what stays, and why.
        """
        parts = tuple(part for part in parts if Bundle(Cabinet(part.file_type), part.run).parts())
        if not parts:
            return []
        options = {"overwrite_changes": False, "simulate": False, "timezone": ""}
        folder = sql_folder("undo", self.state, Occasion(columns={"type", "run", "part"}, options=options, parts=parts))
        execution = Execution(folder, [(name, "text") for name in ("run", "type", "part", "file", "lines")])
        lines = [
            StagedLine(number, (part.run, part.file_type, part.part, None, None), ())
            for number, part in enumerate(parts, start=2)
        ]
        outcomes = self.later(execution.run, lines)
        assert {status for _, status, *_ in outcomes.lines} <= {"updated", "unchanged"}, outcomes
        return [(row["name"], row["reason"]) for row in outcomes.answer]


@pytest.fixture
def sandbox(site: Site, pristine: Site) -> Iterator[Undoing]:
    with MoodleHook().session(lock_seconds=1) as session:
        yield Undoing(session, pristine)


def left(sandbox: Undoing) -> dict[str, object]:
    """What differs from the pristine site; grade history, which tells what happened, and totals that Moodle works out anew, aside."""
    found = {table: rows for table, rows in sandbox.differ.changes().items() if not table.endswith("_history")}
    if "grade_items" in found:
        found["grade_items"] = {
            kind: [row for row in rows if row.get("set") != {"needsupdate": ["0", "1"]}]
            for kind, rows in found["grade_items"].items()
        }
    return {table: rows for table, rows in found.items() if any(rows.values())}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_of_two_files(kind: str, sandbox: Undoing):
    @settings(EXAMPLES, max_examples=examples(4), phases=[Phase.generate])
    @given(files(kind), files(kind))
    def check(one: File, other: File) -> None:
        with sandbox.made(one):
            before = left(sandbox)
            first, second = sandbox.keep(one), sandbox.keep(other)
            sandbox.session.execute("SAVEPOINT both_kept")
            assert sandbox.undo(second, first) == []
            assert left(sandbox) == before
            sandbox.session.execute("ROLLBACK TO SAVEPOINT both_kept")
            sandbox.state.tables.drop()
            sandbox.undo(first, second)
            assert sandbox.undo(first) == []
            assert left(sandbox) == before

    check()
