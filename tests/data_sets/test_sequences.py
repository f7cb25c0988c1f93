"""Files of a data set, one after the other, make of the site what the whole files would have made of it.

Below the DAG, in a transaction that is never committed, so that an example takes a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from tests.support.generated import KINDS, File, files
from tests.support.samples import examples
from tests.support.sandbox import EXAMPLES, Sandbox, opened, options_of
from tests.support.site import Site
from toolsync.data_sets.compare import compare
from toolsync.data_sets.things import KINDS as COMPARED
from toolsync.data_sets.things import things_of
from toolsync.moodle.hook import MoodleHook


@pytest.fixture
def sandbox(site: Site, pristine: Site) -> Iterator[Sandbox]:
    with MoodleHook().session(lock_seconds=1) as session:
        yield Sandbox(session, pristine)


@st.composite
def sequences(draw: st.DrawFn, kind: str) -> list[File]:
    """A file, and what becomes of it from night to night: lines change, come, go and move."""
    first = draw(files(kind))
    more = draw(files(kind))
    pool = list(first.rows)
    if more.columns == first.columns:
        pool += more.rows
    columns = list(zip(*first.rows, strict=True))
    made, rows = [first], list(first.rows)
    for _ in range(draw(st.integers(1, 3))):
        rows = list(rows)
        for _ in range(draw(st.integers(1, 2))):
            at = draw(st.integers(0, len(rows) - 1))
            match draw(st.sampled_from(["change", "change", "go", "come", "move"])):
                case "change":
                    cell = draw(st.integers(0, len(columns) - 1))
                    row = list(rows[at])
                    row[cell] = draw(st.sampled_from(columns[cell]))
                    rows[at] = tuple(row)
                case "go" if len(rows) > 1:
                    del rows[at]
                case "come":
                    rows.insert(at, draw(st.sampled_from(pool)))
                case "move":
                    rows.append(rows.pop(at))
        assume(any(map(any, rows)))
        made.append(replace(first, rows=tuple(rows)))
    return made


def by_data_set(sandbox: Sandbox, made: list[File]) -> int:
    """Run files as a data set.

    :return: the number of lines that did not run.
    """
    known, left_out = b"", 0
    for file in made:
        command = opened(file)
        compared = compare(
            chain.from_iterable(command.records()),
            things_of(file.kind, command.header, options_of(file)),
            "salt",
            known,
        )
        same = set(compared.lines[~compared.runs].tolist())
        left_out += len(same)
        outcomes = sandbox.execute(file, same=same)
        failed = {line for line, status, *_ in outcomes.lines if status == "failed"}
        known = compared.done(failed | {line for line, *_ in outcomes.problems})
    return left_out


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in COMPARED])
def test_a_data_set_makes_of_the_site_what_whole_files_make(kind: str, sandbox: Sandbox):
    left_out = 0

    @settings(EXAMPLES, max_examples=examples(8), phases=[Phase.generate])
    @given(sequences(kind))
    def check(made: list[File]) -> None:
        nonlocal left_out
        with sandbox.made(made[0]):
            for file in made:
                sandbox.execute(file)
            whole: Any = sandbox.differ.changes()
            sandbox.session.execute("ROLLBACK TO SAVEPOINT made")
            sandbox.state.tables.drop()
            left_out += by_data_set(sandbox, made)
            assert sandbox.differ.changes() == whole

    check()
    assert left_out
