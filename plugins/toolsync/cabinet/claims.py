"""A claim: a command file that a run has taken, and the run that works on it."""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

CLAIM_ID = r"\d{8}-\d{6}-\d{6}-[0-9a-f]{4}"  # what `new_id` makes, as a regular expression
TRYBACK = re.compile(rf"_{CLAIM_ID}_tryback\b")  # in the name of a file
AS_LINES = "as_lines"  # the option that says that Param mode was `full`
RUN_PID = "TOOLSYNC_RUN_PID"  # the environment variable in which toolsync.run says that it is the run


@dataclass(frozen=True)
class Owner:
    """The run that works on a claim.

    :param run_id: Airflow's id of the run, or a name for a run by hand.
    :param host: the host name of the machine it runs on.
    :param pid: the process id of `toolsync.run`; None under a scheduler.
    :param started: when that process started, in words that only comparing makes sense of; None: not known.
    """

    run_id: str
    host: str
    pid: int | None
    started: str | None = None

    @classmethod
    def of_run(cls, run_id: str) -> Owner:
        """The owner that this process stands for.

        :param run_id: Airflow's id of the run.
        """
        pid = os.environ.get(RUN_PID)
        return cls.by_hand(int(pid)) if pid else cls(run_id, socket.gethostname(), None)

    @classmethod
    def by_hand(cls, pid: int) -> Owner:
        """The owner of what `toolsync.run` runs, a process of this machine."""
        host, started = socket.gethostname(), _start_of(pid)
        return cls(f"by hand {host} {pid} {started}", host, pid, started)

    @property
    def lives(self) -> bool | None:
        """Whether the process of a run by hand lives; None when that can't be known from here."""
        if self.pid is None or self.host != socket.gethostname():
            return None
        if self.started is None:
            return Path(f"/proc/{self.pid}").exists()
        return _start_of(self.pid) == self.started

    def __str__(self) -> str:
        return f"run {self.run_id}" if self.pid is None else f"a run by hand, process {self.pid} on {self.host}"


@dataclass(frozen=True)
class Claim:
    """A command file that a run has taken.

    :param id: a moment in UTC and random digits. It is part of the names of the claim's files in every folder.
    :param name: the file's own name, or a safe one like it.
    :param options: the Params of the run that took it. A run that takes it over goes on with these.
    :param dropped_as: the name that it had in the inbox, as it can be shown, when that is not `name`.
    """

    id: str
    name: str
    options: dict[str, Any]
    dropped_as: str | None = None

    @property
    def simulate(self) -> bool:
        """Whether the run only simulates: the file is a copy, and the original is still where it was."""
        return self.options["simulate"]

    @property
    def as_lines(self) -> str | None:
        """That a tryback does not state the whole truth although Param `mode` says so, in a sentence; None: nothing to say."""
        if not self.options.get(AS_LINES):
            return None
        return "It is a tryback, which may hold only lines that failed: Param mode is taken as lines, and nothing that it lacks goes."

    @property
    def pasted(self) -> bool:
        """Whether its rows come from Param `content`, and not from a file in the inbox."""
        return self.options.get("pasted", False)

    @property
    def given(self) -> bool:
        """Whether it is a copy of a file that `toolsync.run` was given, and not from the inbox."""
        return self.options.get("given", False)

    @property
    def upload(self) -> str | None:
        """The number of the upload that it was; None: it is from somewhere else."""
        return self.options.get("upload") or None

    @property
    def is_tryback(self) -> bool:
        """Whether it comes from the trybacks, so that it may hold only those lines of a file that failed."""
        return is_tryback(self.name, self.options)

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


def is_tryback(name: str, options: Mapping[str, Any]) -> bool:
    """Whether a file is a tryback, going by its name, or the correction of one that was uploaded.

    :param options: the run's Params.
    """
    return bool((options.get("uploaded") or {}).get("tryback") or TRYBACK.search(name))


def options_for(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The Params for a file of this name.

    :param options: the run's Params.
    """
    if options.get("mode") == "full" and is_tryback(name, options):
        return {**options, "mode": "lines", AS_LINES: True}
    return dict(options)


def new_id() -> str:
    """A number for a claim or an upload: the present moment in UTC and random digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"


def moment_of(number: str) -> datetime:
    """The moment that a number of `new_id` begins with, in UTC.

    :raises ValueError: its digits are no moment.
    """
    return datetime.strptime(number[:22], "%Y%m%d-%H%M%S-%f").replace(tzinfo=UTC)


def _start_of(pid: int) -> str | None:
    """When a process started: the boot of the machine and the ticks since; None when there is no such process."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return f"{boot} {status[19]}"
