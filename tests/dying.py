"""Runs `toolsync.run` and kills itself, with SIGKILL, when a function is called: `python -m tests.dying MODULE:CLASS.METHOD [after] -- ARGUMENTS`."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any, NoReturn

from toolsync import run


def die(*args: Any, **kwargs: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def arm(where: str, after: bool) -> None:
    module, _, path = where.partition(":")
    owner_name, _, method = path.rpartition(".")
    owner = importlib.import_module(module)
    for part in filter(None, owner_name.split(".")):
        owner = getattr(owner, part)
    original = getattr(owner, method)

    def then_die(*args: Any, **kwargs: Any) -> NoReturn:
        original(*args, **kwargs)
        die()

    setattr(owner, method, then_die if after else die)


if __name__ == "__main__":
    split = sys.argv.index("--")
    where, *flags = sys.argv[1:split]
    arguments = sys.argv[split + 1 :]
    configure = run.configure

    def configure_and_arm(*args: Any) -> None:
        configure(*args)
        arm(where, after="after" in flags)

    setattr(run, "configure", configure_and_arm)  # noqa: B010 (what mypy would not let pass)
    sys.exit(run.main(arguments))
