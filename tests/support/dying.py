"""Runs `toolsync.run` and kills itself, with SIGKILL, when a function is called:

python -m tests.support.dying MODULE:CLASS.METHOD [after] [calls=N] [batch_lines=N] -- ARGUMENTS
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any, NoReturn

from toolsync import run
from toolsync.settings import settings


def die(*args: Any, **kwargs: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def arm(where: str, after: bool, calls: int) -> None:
    """:param calls: die at the last of so many."""
    module, _, path = where.partition(":")
    owner_name, _, method = path.rpartition(".")
    owner = importlib.import_module(module)
    for part in filter(None, owner_name.split(".")):
        owner = getattr(owner, part)
    original = getattr(owner, method)

    left = calls

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and not after:
            die()
        result = original(*args, **kwargs)
        if left == 0:
            die()
        return result

    setattr(owner, method, counted)


if __name__ == "__main__":
    split = sys.argv.index("--")
    where, *flags = sys.argv[1:split]
    arguments = sys.argv[split + 1 :]
    numbers = {name: int(number) for name, _, number in (flag.partition("=") for flag in flags) if number}
    if "batch_lines" in numbers:
        settings().update(batch_lines=numbers["batch_lines"], batch_lines_of={})
    configure = run.configure

    def configure_and_arm(*args: Any) -> None:
        configure(*args)
        arm(where, after="after" in flags, calls=numbers.get("calls", 1))

    setattr(run, "configure", configure_and_arm)  # noqa: B010 (what mypy would not let pass)
    sys.exit(run.main(arguments))
