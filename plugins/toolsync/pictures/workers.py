"""Worker processes that make avatars.

Images come from an untrusted source, and C code decodes them: a malicious one can take all memory, run for ever, or crash. So they are decoded in processes
with limited memory and time, and without secrets; when such a process dies or hangs, only that image fails. The processes are plain programs, because
`multiprocessing` is not allowed in Airflow's own workers (daemonic processes can't have children), and would import Airflow in each process.
"""

from __future__ import annotations

import json
import os
import queue
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import IO, Any

from toolsync.pictures import avatars
from toolsync.pictures.avatars import LENGTH, Avatar, NotAPicture

CRASHED = "reading it crashed the worker process"
START_SECONDS = 60  # that a process may take to start
KEPT = (
    "HOME",
    "LANG",
    "LC_",
    "LD_",
    "PATH",
    "PYTHON",
    "TMPDIR",
    "VIRTUAL_ENV",
)  # prefixes of the environment variables that a process gets: Airflow's connections are not among them


@dataclass(frozen=True)
class WorkerLimits:
    """Limits for one image.

    :param pixels: the most pixels of an image.
    :param memory_bytes: the most memory that a process may use.
    :param seconds: the longest time to wait for an image.
    """

    pixels: int
    memory_bytes: int
    seconds: float


class WorkerDied(Exception):
    """The process ended, or did not answer in time; the message says which, as the reason why the image failed."""


class ImageWorkers:
    """A pool of worker processes, each started when it is first needed. Use it as a context manager.

    :param number: of processes; threads that call `draw` wait for a free one.
    """

    def __init__(self, number: int, limits: WorkerLimits) -> None:
        self.limits = limits
        self._free: queue.SimpleQueue[Worker | None] = queue.SimpleQueue()
        self._started: list[Worker] = []
        for _ in range(number):
            self._free.put(None)

    def __enter__(self) -> ImageWorkers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._started:
            worker.end()

    def draw(self, content: bytes) -> Avatar:
        """Make the avatar of an image. Any thread can call this.

        :param content: the image file.
        :raises NotAPicture: the image can't be read, or not within the limits.
        :raises RuntimeError: no worker process starts.
        """
        worker = self._free.get()
        try:
            if worker is None:
                worker = Worker(self.limits)
                self._started.append(worker)
            return worker.draw(content)
        except WorkerDied as death:
            if worker:
                worker.end()
                self._started.remove(worker)
                worker = None
            raise NotAPicture(str(death)) from None
        finally:
            self._free.put(worker)


class Worker:
    """One worker process.

    :raises RuntimeError: it does not start. Its error output goes to this process's.
    """

    def __init__(self, limits: WorkerLimits) -> None:
        self.limits = limits
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", avatars.__file__, str(limits.memory_bytes), str(limits.pixels)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name.startswith(KEPT)},
        )
        try:
            self._header(time.monotonic() + START_SECONDS)
        except WorkerDied:
            self.end()
            raise RuntimeError(
                "The worker process that reads images does not start. See its error output in the log above."
            ) from None

    def draw(self, content: bytes) -> Avatar:
        """Make the avatar of an image.

        :raises NotAPicture: the image can't be read.
        :raises WorkerDied: the process can't be used any longer.
        """
        deadline = time.monotonic() + self.limits.seconds
        try:
            self._pipe(self.process.stdin).write(LENGTH.pack(len(content)) + content)
            self._pipe(self.process.stdin).flush()
        except BrokenPipeError:
            raise WorkerDied(CRASHED) from None
        header = self._header(deadline)
        if "refused" in header:
            raise NotAPicture(header["refused"])
        return Avatar(header["extension"], tuple(self._read(size, deadline) for size in header["sizes"]))

    def end(self) -> None:
        """Kill the process, whatever it is doing."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                self._pipe(pipe).close()
            except BrokenPipeError:
                continue
        self.process.wait()

    def _header(self, deadline: float) -> dict[str, Any]:
        (length,) = LENGTH.unpack(self._read(LENGTH.size, deadline))
        return json.loads(self._read(length, deadline))

    def _read(self, length: int, deadline: float) -> bytes:
        handle = self._pipe(self.process.stdout).fileno()
        answers = select.poll()
        answers.register(handle, select.POLLIN)
        parts: list[bytes] = []
        while length:
            if not answers.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise WorkerDied(f"reading it takes more than {self.limits.seconds:g} seconds")
            part = os.read(handle, min(length, 1 << 20))
            if not part:
                raise WorkerDied(CRASHED)
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe
