"""A claim: a command file that a run has taken out of the inbox, and whose it is."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Owner:
    """The run that works on a claim. `pid` is that of `toolsync.run`, None under a scheduler."""

    run_id: str
    host: str
    pid: int | None

    @classmethod
    def of_run(cls, run_id: str) -> Owner:
        pid = os.environ.get("TOOLSYNC_RUN_PID")
        return cls(run_id, socket.gethostname(), int(pid) if pid else None)

    def may_adopt(self, other: Owner) -> bool:
        """Whether a claim of `other` is left over from a run that is dead.

        Under a scheduler a DAG has one run at a time, so another run's claim is always a leftover; a run by hand is known by its process.
        """
        if other.pid is None:
            return self.pid is None
        return other.host == self.host and not Path(f"/proc/{other.pid}").exists()


@dataclass(frozen=True)
class Claim:
    """A command file that a run has taken.

    :param id: names it in work, tryback, archive and report.
    :param name: the file's own name.
    :param options: the Params of the run that took it. Whoever goes on with it later does so with these.
    """

    id: str
    name: str
    options: dict[str, Any]

    @property
    def simulate(self) -> bool:
        """Whether the file is a copy; the original is still in the inbox."""
        return self.options["simulate"]

    @property
    def pasted(self) -> bool:
        """Whether it never was a file of the inbox."""
        return self.options.get("pasted", False)

    def named(self, what: str = "", suffix: str | None = None) -> str:
        """The name of a file that comes of this one: `users.csv` → `users_20261122-190000-123456-1a2b_report.txt`."""
        path = PurePosixPath(self.name)
        middle = f"_{what}" if what else ""
        return f"{path.stem}_{self.id}{middle}{path.suffix if suffix is None else suffix}"

    def report_name(self, suffix: str) -> str:
        """The name of one of the report's files."""
        return self.named("simulation_report" if self.simulate else "report", suffix)
