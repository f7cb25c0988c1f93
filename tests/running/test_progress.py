"""What the log says while a file is executed."""

from __future__ import annotations

import logging

import pytest

from tests.support.site import Site
from toolsync import settings
from toolsync.running import progress
from toolsync.running.progress import Progress


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """The log, with a clock that stands still."""
    monkeypatch.setattr(progress.time, "perf_counter", lambda: 100.0)
    caplog.set_level(logging.DEBUG)
    return caplog


def at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(progress.time, "perf_counter", lambda: 100.0 + seconds)


def test_progress_is_told_every_ten_seconds_and_in_the_end(
    told: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    log = logging.getLogger("task")
    run = Progress(log, "line", 5000)
    run.resumed(1000)
    for seconds, lines in ((4, 400), (9, 500), (10, 100), (15, 500), (20, 500)):
        at(monkeypatch, seconds)
        run.batch(lines, seconds / 40)
    run.again("Lines 2 to 9", RuntimeError("Deadlock"))
    run.again("Lines 2 to 9", RuntimeError("Deadlock"))
    run.batch(2000, 0.1)
    run.finished()
    assert [(record.levelname, record.getMessage()) for record in told.records] == [
        ("INFO", "2,000 of 5,000 lines done, 100 a second, 0:00:30 left."),
        ("INFO", "3,000 of 5,000 lines done, 100 a second, 0:00:20 left."),
        ("INFO", "Lines 2 to 9: conflict with another transaction (Deadlock). Trying again."),
        ("DEBUG", "Lines 2 to 9: conflict with another transaction (Deadlock). Trying again."),
        ("INFO", "1,000 lines had been done before."),
        (
            "INFO",
            "4,000 lines in 20.0 s, 200 a second; transactions: 6, of which the longest locked rows for 0.50 s; batches tried again: 2.",
        ),
    ]


def test_a_rehearsal_is_no_number_of_transactions(told: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    run = Progress(logging.getLogger("task"), "image", 3)
    at(monkeypatch, 2)
    run.batch(3, None)
    run.finished()
    assert told.messages == ["3 images in 2.0 s, 2 a second."]


def test_each_batch_of_a_file_counts(site: Site, airflow: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings.settings(), "batch_lines", 2)
    monkeypatch.setitem(settings.settings(), "batch_seconds", 60)
    sizes: list[int] = []
    batch = Progress.batch

    def counting(self: Progress, items: int, locked: float | None) -> None:
        sizes.append(items)
        assert locked
        batch(self, items, locked)

    monkeypatch.setattr(Progress, "batch", counting)
    site.run("toolsync_users", "username,city\n" + "".join(f"u00{n},Rome\n" for n in range(1, 9)))
    assert sizes == [1, 2, 2, 2, 1]
