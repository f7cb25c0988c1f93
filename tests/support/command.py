"""The command `python -m toolsync.run`: in a fork of this process, which has imported all that a fresh Python spends ten seconds on, or for real."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn, Protocol

from tests.support import dag_runs
from tests.support.dag_runs import EMPTY_DATABASE, HOME
from tests.support.dying import Death
from toolsync import run as command
from toolsync.cabinet import alive
from toolsync.settings import ROOT

PRINTED = ("stdout", "stderr")


@dataclass(frozen=True)
class Ended:
    """How the command ended: its exit status, or minus the signal that killed it, and what it printed."""

    status: int
    stdout: str
    stderr: str


class Trap(Protocol):
    """What befalls a run, such as `Death`."""

    def arm(self) -> None:
        """Lay the trap in this process, which is about to run the command."""


@dataclass(frozen=True)
class Running:
    """The command in a fork of this process.

    :param pid: of the fork.
    :param folder: holds what it prints.
    """

    pid: int
    folder: Path

    def wait(self) -> Ended:
        """Wait until it has ended."""
        return self.ended(os.waitpid(self.pid, 0)[1])

    def ended(self, status: int) -> Ended:
        """How it has ended.

        :param status: as `os.waitpid` tells it.
        """
        printed = [(self.folder / name).read_text(encoding="utf-8", errors="replace") for name in PRINTED]
        shutil.rmtree(self.folder)
        return Ended(os.waitstatus_to_exitcode(status), *printed)


def start_command(*arguments: str, death: Trap | None = None) -> Running:
    """Start the command in a fork of this process."""
    _warm_up()
    folder = Path(tempfile.mkdtemp(dir=HOME))
    pid = os.fork()
    if pid == 0:
        _be_the_command(arguments, death, *(folder / name for name in PRINTED))
    return Running(pid, folder)


def run_command(*arguments: str, death: Trap | None = None) -> Ended:
    """Run the command in a fork of this process."""
    return start_command(*arguments, death=death).wait()


def run_real_command(*arguments: str, death: Death | None = None) -> Ended:
    """Run the command in a Python of its own, as users do."""
    program = ["tests.support.dying", *death.flags(), "--"] if death else ["toolsync.run"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}"}
    program = [sys.executable, "-m", *program, *arguments]
    done = subprocess.run(program, capture_output=True, text=True, env=environment, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def killed(where: str, when: str, *arguments: str | Path, real: bool = False, **numbers: int) -> None:
    """Run the command and have it killed at that moment.

    :param arguments: of the command.
    :param real: in a Python of its own; one test always does, others where `TOOLSYNC_EVERY` asks for it.
    :param numbers: `calls`, `batch_lines` of `Death`.
    """
    run = run_real_command if real else run_command
    ended = run(*map(str, arguments), death=Death(where, when, **numbers))
    assert ended.status == -signal.SIGKILL, ended.stderr[-3000:]


@cache
def _warm_up() -> None:
    """Import, read and make here what each fork would import, read and make again."""
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    from toolsync.course.graph_files import course_graph

    importlib.import_module("toolsync.reading.data_docs")
    course_graph()
    assert in_process_api_server().app
    dag_runs.run_nothing()


def _be_the_command(arguments: Sequence[str], death: Trap | None, *outputs: Path) -> NoReturn:
    """End this process as the command would end its own."""
    gc.freeze()  # nothing of what is inherited is garbage; looking at it would copy its memory, page by page
    status = 1
    try:
        for descriptor, path in enumerate(outputs, start=1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        tempfile.tempdir = str(HOME)
        for descriptor in alive._held.values():  # another process holds no claims of this one
            os.close(descriptor)
        alive._held.clear()
        setattr(command, "initialise", _initialise)  # noqa: B010 (mypy refuses the assignment)
        if death:
            death.arm()
        command.command(list(arguments))
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
        if end.code != status:
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _initialise() -> None:
    """Open an empty copy of the metadata database, where the command makes one, with nothing that the fork has inherited."""
    from airflow import settings
    from airflow.sdk.execution_time.supervisor import in_process_api_server

    shutil.copy(EMPTY_DATABASE, Path(os.environ["AIRFLOW_HOME"]) / "airflow.db")
    settings.configure_vars()
    settings.configure_orm()
    # The thread that serves Airflow's API is not in the fork: another is started when needed. The old transport is kept, its end would wait for the thread.
    api = in_process_api_server()
    _inherited.append(api.transport)
    del api.transport


_inherited: list[object] = []
