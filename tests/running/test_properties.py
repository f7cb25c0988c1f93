"""What holds for any file: it does the same as its lines one by one, however it is cut into batches, and running it again changes nothing.

Below the DAG, in a transaction that is never committed, so that an example takes a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from tests.support.generated import KINDS, File, files
from tests.support.samples import examples
from tests.support.sandbox import EXAMPLES, Sandbox
from tests.support.site import Site
from toolsync.moodle.hook import MoodleHook


@pytest.fixture
def sandbox(site: Site, pristine: Site) -> Iterator[Sandbox]:
    with MoodleHook().session(lock_seconds=1) as session:
        yield Sandbox(session, pristine)


def check_lines(sandbox: Sandbox, file: File) -> None:
    with sandbox.made(file):
        whole = sandbox.result(file)
        assert whole == sandbox.result(file, batch_lines=1)
        assert whole == sandbox.result(file, batch_lines=3)


def check_again(sandbox: Sandbox, file: File) -> None:
    with sandbox.made(file):
        sandbox.execute(file)
        once = sandbox.differ.changes()
        again = sandbox.execute(file)
        assert {status for _, status, _, _ in again.lines} <= {"unchanged", "failed"}
        assert sandbox.differ.changes() == once


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_does_what_its_lines_do_one_by_one(kind: str, sandbox: Sandbox):
    @settings(EXAMPLES, max_examples=examples(6))
    @given(files(kind))
    def check(file: File) -> None:
        check_lines(sandbox, file)

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_running_a_file_again_changes_nothing(kind: str, sandbox: Sandbox):
    @settings(EXAMPLES, max_examples=examples(6))
    @given(files(kind, repeatable=True))
    def check(file: File) -> None:
        check_again(sandbox, file)

    check()
