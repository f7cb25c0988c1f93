"""Worker processes that draw avatars.

An image comes from outside, and decoding is C code: a hostile one may take all memory, never end, or crash. So each is decoded in a process that may use
so much memory and time and knows no secrets; when it dies or hangs, that image has failed and nothing else. They are plain programs rather than
`multiprocessing`, which Airflow's own workers may not use (daemons have no children), and which would import Airflow again in each.
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

START_SECONDS = 60
KEPT = ("HOME", "LANG", "LC_", "LD_", "PATH", "PYTHON", "TMPDIR", "VIRTUAL_ENV")  # of the environment: no connections


@dataclass(frozen=True)
class WorkerLimits:
    """What reading one image may take.

    :param seconds: of waiting for it.
    """

    pixels: int
    memory_bytes: int
    seconds: float


class WorkerDied(Exception):
    """The process ended, or did not answer in time."""


class ImageWorkers:
    """A number of workers, each started when it is first needed. Close them, or use them as a context.

    :param number: of processes; threads of the caller wait for a free one.
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
        """Make the avatar of an image; any thread may ask.

        :raises NotAPicture: it can't be read, or not within the limits.
        :raises RuntimeError: no worker starts.
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
    """One process.

    :raises RuntimeError: it does not start; what it says goes to standard error.
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
            raise RuntimeError("The program that reads images does not start; its own words are above.") from None

    def draw(self, content: bytes) -> Avatar:
        """:raises WorkerDied: and then it is of no use any more."""
        deadline = time.monotonic() + self.limits.seconds
        try:
            self._pipe(self.process.stdin).write(LENGTH.pack(len(content)) + content)
            self._pipe(self.process.stdin).flush()
        except BrokenPipeError:
            raise WorkerDied("reading it crashed the image reader") from None
        header = self._header(deadline)
        if "refused" in header:
            raise NotAPicture(header["refused"])
        return Avatar(header["extension"], tuple(self._read(size, deadline) for size in header["sizes"]))

    def end(self) -> None:
        """Kill it; it has nothing to lose."""
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
                raise WorkerDied("reading it crashed the image reader")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe
