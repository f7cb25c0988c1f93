"""Tells in the log how far the execution of a file is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

EVERY = 10.0  # seconds
KEPT_EVERY = 2.0  # seconds


@dataclass
class Effort:
    """What this attempt at a file took.

    :param rate: lines a second; None: it did none, because earlier attempts had done all.
    :param retries: batches that were tried again.
    :param locked: the longest time, in seconds, for which a transaction locked rows of the site.
    :param throttled: seconds for which the site was left alone between two batches, because it was busy or the settings ask for a pause.
    """

    rate: float | None = None
    retries: int = 0
    locked: float = 0.0
    throttled: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "lines_a_second": None if self.rate is None else round(self.rate, 1),
            "retries": self.retries,
            "locked": round(self.locked, 3),
            "throttle": round(self.throttled, 3),
        }


class Progress:
    """Counts what is done of a file, and logs it now and then, and at the end.

    :param log: the task's log.
    :param unit: what the items of the file are called: `line`.
    :param total: how many there are to do.
    :param doing: what comes before a message.
    :param keep: keeps what the page shows meanwhile.
    """

    def __init__(
        self, log: Any, unit: str, total: int, doing: str = "", keep: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        self._log = log
        self._keep = keep
        self._doing = doing
        self._unit = unit
        self._total = total
        self._done = self._before = self._batches = self._retries = 0
        self._locked: float | None = None
        self._started = self._told = self._kept = time.perf_counter()

    def resumed(self, items: int) -> None:
        """Take note of items that an earlier attempt has done."""
        self._done += items
        self._before += items

    def batch(self, items: int, locked: float | None) -> None:
        """Take note of a batch that is done.

        :param locked: seconds for which it locked rows of the site; None: it is not committed.
        """
        self._done += items
        self._batches += 1
        if locked is not None:
            self._locked = max(self._locked or 0.0, locked)
        if self._keep and time.perf_counter() - self._kept >= KEPT_EVERY:
            self._kept = time.perf_counter()
            self._keep(self._as_json())
        if time.perf_counter() - self._told >= EVERY:
            self._told = time.perf_counter()
            self._log.info("%s%s.", self._doing, self._so_far())

    def again(self, where: str, error: Exception) -> None:
        """Take note of a batch that is tried again, and log the first of them.

        :param where: the batch.
        :param error: why.
        """
        self._retries += 1
        tell = self._log.info if self._retries == 1 else self._log.debug
        tell("%s: conflict with another transaction (%s). Trying again.", where, error)

    def finished(self) -> None:
        """Log the sum."""
        if self._before:
            self._log.info("%s%s %ss had been done before.", self._doing, f"{self._before:,}", self._unit)
        if not self._batches:
            return
        done, transactions = self._done - self._before, ""
        if self._locked is not None:
            transactions = (
                f"; transactions: {self._batches:,}, of which the longest locked rows for {self._locked:.2f} s"
            )
        self._log.info(
            "%s%s %ss in %.1f s, %s a second%s%s.",
            self._doing,
            f"{done:,}",
            self._unit,
            self._seconds,
            f"{done / self._seconds:,.0f}",
            transactions,
            self._tried_again(),
        )

    @property
    def _seconds(self) -> float:
        return max(time.perf_counter() - self._started, 1e-3)

    @property
    def rate(self) -> float | None:
        """Items that this attempt has done in a second, so far; None: it has done none."""
        return self._rate if self._batches else None

    @property
    def _rate(self) -> float:
        return (self._done - self._before) / self._seconds

    @property
    def _left(self) -> float:
        """Seconds to go, at this rate."""
        return max(self._total - self._done, 0) / self._rate

    def _as_json(self) -> dict[str, Any]:
        return {
            "done": self._done,
            "total": self._total,
            "a_second": round(self._rate, 1),
            "left_seconds": round(self._left),
            "doing": self._doing,
        }

    def _so_far(self) -> str:
        left = timedelta(seconds=round(self._left))
        return (
            f"{self._done:,} of {self._total:,} {self._unit}s done, {self._rate:,.0f} a second, {left} left"
            f"{self._tried_again()}"
        )

    def _tried_again(self) -> str:
        return f"; batches tried again: {self._retries}" if self._retries else ""
