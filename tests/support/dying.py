"""Runs `toolsync.run` and kills itself, with SIGKILL or another signal, when a function is called:

python -m tests.support.dying MODULE:CLASS.METHOD [after] [calls=N] [batch_lines=N] [signal=N] -- ARGUMENTS
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any

from toolsync import run
from toolsync.settings import settings


@dataclass(frozen=True)
class Death:
    """When a run is killed.

    :param where: `MODULE:CLASS.METHOD` or `MODULE:FUNCTION`.
    :param when: `before` or `after` the call.
    :param calls: at the last of so many calls.
    :param batch_lines: the run's size of a batch.
    :param signal: the signal; the run may live on after another one than SIGKILL.
    """

    where: str
    when: str = "before"
    calls: int = 1
    batch_lines: int | None = None
    signal: int = signal.SIGKILL

    def flags(self) -> list[str]:
        """The arguments of this module that say so."""
        numbers = {"calls": self.calls, "batch_lines": self.batch_lines, "signal": int(self.signal)}
        return [self.where, self.when, *(f"{name}={number}" for name, number in numbers.items() if number)]

    @classmethod
    def parse(cls, where: str, when: str, *numbers: str) -> Death:
        named = dict(number.split("=") for number in numbers)
        return cls(where, when, **{name: int(number) for name, number in named.items()})

    def arm(self) -> None:
        """Lay the trap in this process."""
        if self.batch_lines:
            settings().update(batch_lines=self.batch_lines, batch_lines_of={}, batch_seconds=None)
        module, _, path = self.where.partition(":")
        owner_name, _, method = path.rpartition(".")
        owner = importlib.import_module(module)
        for part in filter(None, owner_name.split(".")):
            owner = getattr(owner, part)
        original = getattr(owner, method)
        left = self.calls

        def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            here = left == 0  # several threads may call it
            if here and self.when == "before":
                os.kill(os.getpid(), self.signal)
            result = original(*args, **kwargs)
            if here and self.when == "after":
                os.kill(os.getpid(), self.signal)
            return result

        setattr(owner, method, counted)


if __name__ == "__main__":
    split = sys.argv.index("--")
    death = Death.parse(*sys.argv[1:split])
    configure = run.configure

    def configure_and_arm(*args: Any) -> None:
        configure(*args)
        death.arm()

    setattr(run, "configure", configure_and_arm)  # noqa: B010 (what mypy would not let pass)
    sys.exit(run.main(sys.argv[split + 1 :]))
