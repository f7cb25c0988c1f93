"""A claim: a command file that a run has taken out of the inbox, and the run that works on it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any


@dataclass(frozen=True)
class Owner:
    """The run that works on a claim.

    :param run_id: Airflow's id of the run.
    :param host: the host name of the machine it runs on.
    :param pid: the process id of `toolsync.run`; None under a scheduler.
    """

    run_id: str
    host: str
    pid: int | None

    @classmethod
    def of_run(cls, run_id: str) -> Owner:
        """The owner that this process stands for."""
        pid = os.environ.get("TOOLSYNC_RUN_PID")
        return cls(run_id, socket.gethostname(), int(pid) if pid else None)

    def may_adopt(self, other: Owner) -> bool:
        """Whether this run may take over the claims of another one, because that one is dead.

        Under a scheduler a DAG has one run at a time, so the claims of another run are always left over. A run by hand is alive as long as its process.
        """
        if other.pid is None:
            return self.pid is None
        return other.host == self.host and not Path(f"/proc/{other.pid}").exists()


@dataclass(frozen=True)
class Claim:
    """A command file that a run has taken.

    :param id: a moment in UTC and random digits. It is part of the names of the claim's files in every folder.
    :param name: the file's own name.
    :param options: the Params of the run that took it. A run that takes it over goes on with these.
    """

    id: str
    name: str
    options: dict[str, Any]

    @property
    def simulate(self) -> bool:
        """Whether the run only simulates: the file is a copy, and the original is still in the inbox."""
        return self.options["simulate"]

    @property
    def pasted(self) -> bool:
        """Whether its rows come from Param `content`, and not from a file in the inbox."""
        return self.options.get("pasted", False)

    def named(self, what: str = "", suffix: str | None = None) -> str:
        """The name of a file that belongs to this one: `users.csv` → `users_20261122-190000-123456-1a2b_report.txt`.

        :param what: what the file is, `report`; empty for the file itself.
        :param suffix: its suffix, `.txt`; None for that of the file.
        """
        path = PurePosixPath(self.name)
        middle = f"_{what}" if what else ""
        return f"{path.stem}_{self.id}{middle}{path.suffix if suffix is None else suffix}"

    def report_name(self, suffix: str) -> str:
        """The name of one of the report's files.

        :param suffix: what comes after `report`, `_lines.csv`.
        """
        return self.named("simulation_report" if self.simulate else "report", suffix)
