"""Where attacks strike: at the Nth call of a function, of all that change the disk or speak to the database."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.power import PowerCut
from toolsync import settings
from toolsync.moodle.session import MoodleSession
from toolsync.moodle.work_tables import WorkTables

DISK = ("fsync", "rename", "link", "unlink", "mkdir", "rmdir")
DATABASE = (
    ("execute", MoodleSession),
    ("execute_all", MoodleSession),
    ("rows", MoodleSession),
    ("stream", MoodleSession),
    ("load", WorkTables),
    ("commit", MoodleSession),
)
Called = Callable[[str, bool, Any], None]


@dataclass(frozen=True)
class Moment:
    """A call.

    :param call: the function: of `DISK`, on something of the cabinet, or of `DATABASE`.
    :param number: its number, from 1.
    :param after: right after it, and not right before.
    """

    call: str
    number: int
    after: bool

    @classmethod
    def choose(cls, chance: random.Random, calls: Counter[str], among: tuple[str, ...] = ()) -> Moment:
        """A moment of a run.

        :param calls: how often the run calls each.
        :param among: those to choose from; none: all.
        """
        call = chance.choice(sorted(name for name in calls if not among or name in among))
        return cls(call, chance.randint(1, calls[call]), chance.random() < 0.5)

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.call} number {self.number}"


def watch(patch: pytest.MonkeyPatch, cabinet: Path | None, called: Called) -> None:
    """Tell each call of this process from now on.

    :param cabinet: calls that change the disk elsewhere don't count.
    :param called: gets the name of the function, whether it is over, and its first argument.
    """
    for name in DISK if cabinet else ():
        _follow(patch, os, name, called, lambda args, kwargs: _is_in(cabinet, args, kwargs))
    for name, owner in DATABASE:
        _follow(patch, owner, name, called, lambda args, kwargs: True)


def counted(patch: pytest.MonkeyPatch, cabinet: Path | None) -> Counter[str]:
    """Count the calls of this process from now on."""
    calls: Counter[str] = Counter()
    watch(patch, cabinet, lambda name, after, of: calls.update([name] if after else []))
    return calls


def strike(patch: pytest.MonkeyPatch, cabinet: Path | None, moment: Moment, act: Callable[[Any], None]) -> None:
    """Do something at a moment of this process.

    :param act: gets the first argument of the call.
    """
    calls: Counter[tuple[str, bool]] = Counter()

    def called(name: str, after: bool, of: Any) -> None:
        calls[name, after] += 1
        if (name, after) == (moment.call, moment.after) and calls[name, after] == moment.number:
            act(of)

    watch(patch, cabinet, called)


@dataclass(frozen=True)
class Kill:
    """The run is killed.

    :param cabinet: its folder.
    :param batch_lines: the run's size of a batch.
    """

    cabinet: Path
    moment: Moment
    batch_lines: int

    def arm(self) -> None:
        patch = pytest.MonkeyPatch()
        _of_batches(self.batch_lines)
        self.prepare(patch)
        strike(patch, self.cabinet, self.moment, lambda of: self.act())

    def prepare(self, patch: pytest.MonkeyPatch) -> None:
        """What is done before the run."""

    def act(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class PowerOff(Kill):
    """The power goes: of the cabinet, what is not certain to be on the disk survives by chance.

    :param image: where the cabinet is built as it is then.
    :param seed: decides what survives; None: nothing that is not certain.
    """

    image: Path
    seed: int | None

    def prepare(self, patch: pytest.MonkeyPatch) -> None:
        power = PowerCut(self.cabinet)
        power.watch(patch)
        _powers.append(power)

    def act(self) -> None:
        _powers[-1].image(self.image, None if self.seed is None else random.Random(self.seed))
        super().act()


@dataclass(frozen=True)
class Nothing:
    """Nothing befalls the run.

    :param batch_lines: the run's size of a batch.
    """

    batch_lines: int

    def arm(self) -> None:
        _of_batches(self.batch_lines)


_powers: list[PowerCut] = []  # of this process


def _of_batches(lines: int) -> None:
    settings.settings().update(batch_lines=lines, batch_lines_of={}, batch_seconds=None, settle_seconds=0)


def _follow(
    patch: pytest.MonkeyPatch, owner: Any, name: str, called: Called, counts: Callable[[Any, Any], bool]
) -> None:
    original = getattr(owner, name)

    def followed(*args: Any, **kwargs: Any) -> Any:
        it_counts = counts(args, kwargs)
        if it_counts:
            called(name, False, args[0])
        result = original(*args, **kwargs)
        if it_counts:
            called(name, True, args[0])
        return result

    patch.setattr(owner, name, followed)


def _is_in(cabinet: Path | None, args: Any, kwargs: Any) -> bool:
    """Whether a call of `os` is about something in the cabinet."""
    if kwargs.get("dir_fd") is not None:
        place = os.readlink(f"/proc/self/fd/{kwargs['dir_fd']}")
    elif isinstance(args[0], int):
        place = os.readlink(f"/proc/self/fd/{args[0]}")
    else:
        place = os.fsdecode(args[0])
    return place.startswith(f"{cabinet}")
