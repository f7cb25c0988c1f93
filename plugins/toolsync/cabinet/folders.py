"""The cabinet: where command files wait, are worked on, come back and are kept.

    <cabinet>/<type>/inbox     a person or a program drops files here
                     work      a folder for each file that a run has claimed
                     tryback   lines that could not be done, to be corrected and dropped again
                     archive   files that were treated
                     report    what became of every line
                     review    command files that were made from a query, for a person to look through
                     docs      Great Expectations' Data Docs

At every instant a file is in exactly one of inbox, work, tryback and archive: it moves by a rename (a copy, then a delete, on an object store).
"""

from __future__ import annotations

import fnmatch
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO, Any

from toolsync.cabinet.claims import Claim, Owner
from toolsync.settings import cabinet_url

# Names that upload programs give to files that are not complete, and what systems leave lying about.
UNFINISHED = (".*", "_*", "*~", "*.part", "*.filepart", "*.tmp", "*.crdownload", "Thumbs.db")

RESERVED = "reserved.json"  # in a claim's work folder: the name in the inbox that waits for it


def _names_like(name: str) -> Iterator[str]:
    """A file's name, then others like it: `a.csv`, `a~2.csv`, `a~3.csv`."""
    path = PurePosixPath(name)
    yield name
    yield from (f"{path.stem}~{number}{path.suffix}" for number in count(2))


def folder_at(url: str) -> Any:
    """The folder of an address: a `Path` when it is on this machine, else an `ObjectStoragePath`."""
    if "://" in url and not url.startswith("file://"):
        from airflow.sdk import ObjectStoragePath

        return ObjectStoragePath(url)
    return Path(url.removeprefix("file://"))


class Cabinet:
    """The folders of one command-file type.

    :param file_type: the type, `users`.
    :param url: the cabinet, a folder or an fsspec address; default: as set up for this installation.
    """

    def __init__(self, file_type: str, url: str | None = None) -> None:
        root = folder_at(url or cabinet_url())
        self.local = isinstance(root, Path)
        self.root = root / file_type
        for name in ("inbox", "work", "tryback", "archive", "report"):
            self.folder(name).mkdir(parents=True, exist_ok=True)

    def folder(self, name: str) -> Any:
        return self.root / name

    # Inbox

    def put(self, source: Path) -> str:
        """Drop a copy of a local file into the inbox, complete from the first instant.

        :return: the name it has there: its own, or a free one like it.
        """
        name = next(name for name in _names_like(source.name) if not (self.folder("inbox") / name).exists())
        part = self.folder("inbox") / f".{name}.part"
        with source.open("rb") as original, part.open("wb") as copy:
            shutil.copyfileobj(original, copy)
        if self.local:
            os.utime(part, (0, 0))  # not "still being written": it appears whole
        self._move(part, self.folder("inbox") / name)
        return name

    def waiting(self, pattern: str, settle_seconds: float) -> tuple[list[str], list[tuple[str, str]]]:
        """The files of the inbox whose name matches.

        :param pattern: a glob, `*` for all.
        :param settle_seconds: a file that changed less long ago is still being written.
        :return: names in order; and (name, reason) for what is left alone.
        """
        ready: list[str] = []
        left: list[tuple[str, str]] = []
        for path in sorted(self.folder("inbox").iterdir(), key=lambda path: path.name):
            if fnmatch.fnmatchcase(path.name, pattern):
                with suppress(FileNotFoundError):  # another run has taken it
                    reason = self._why_not(path, settle_seconds)
                    left.append((path.name, reason)) if reason else ready.append(path.name)
        return ready, left

    def _why_not(self, path: Any, settle_seconds: float) -> str | None:
        """Why a file of the inbox is left alone; None when it is not."""
        if any(fnmatch.fnmatchcase(path.name, unfinished) for unfinished in UNFINISHED):
            return "its name says that it is not complete or not meant to be read"
        if self.local and path.is_symlink():
            return "a symbolic link: put the file itself here"
        age = time.time() - path.stat().st_mtime if self.local else settle_seconds
        if not path.is_file():
            return "not a file"
        if age < settle_seconds:
            return f"it changed {age:.0f} s ago, so it may still be being written: the next run takes it"
        return None

    def withdraw(self, name: str) -> None:
        """Take a file that `put` dropped out of the inbox again, if it is still there."""
        (self.folder("inbox") / name).unlink(missing_ok=True)

    # Claims

    def claim(self, name: str, owner: Owner, options: Mapping[str, Any]) -> Claim | None:
        """Take a file out of the inbox for a run; a copy of it, when simulating.

        :return: None when another run was faster.
        """
        claim = self._new_claim(name, owner, options)
        source, target = self.folder("inbox") / name, self.input(claim)
        try:
            if claim.simulate:
                with source.open("rb") as original, target.open("wb") as copy:
                    shutil.copyfileobj(original, copy)
            else:
                self._move(source, target)
        except FileNotFoundError:
            self.discard(claim)
            return None
        return claim

    def claim_content(self, owner: Owner, options: Mapping[str, Any], name: str = "pasted.csv") -> Claim:
        """Make a claim of rows that come from no file: what a person pasted into the trigger form, Param `content`.

        :param name: what the file will be called.
        """
        claim = self._new_claim(name, owner, {**options, "encoding": "utf-8", "pasted": True})
        self._write(self.input(claim), options["content"].encode())
        return claim

    def claims(self, owner: Owner) -> Iterator[Claim]:
        """The claims of this run, and those that dead runs left: whose file is still there, oldest first."""
        for folder in sorted(self.folder("work").iterdir(), key=lambda path: path.name):
            record = self._read_json(folder / "claim.json")
            if record is None:
                continue
            claim, other = Claim(**record["claim"]), Owner(**record["owner"])
            if other.run_id != owner.run_id and not owner.may_adopt(other):
                continue
            if not self.input(claim).exists():
                self.discard(claim)
            elif claim.simulate and other.run_id != owner.run_id:
                self.discard(claim)  # a copy: the original is in the inbox
            else:
                self._write_json(folder / "claim.json", {"claim": asdict(claim), "owner": asdict(owner)})
                yield claim

    def work(self, claim: Claim) -> Any:
        """The folder where what is known of a claim is kept while it is worked on."""
        return self.folder("work") / claim.id

    def input(self, claim: Claim) -> Any:
        """The claimed file itself."""
        return self.work(claim) / "file" / claim.name

    def discard(self, claim: Claim) -> None:
        """Remove the work folder."""
        folder = self.work(claim)
        if self.local:
            shutil.rmtree(folder, ignore_errors=True)
        elif folder.exists():
            folder.rmdir(recursive=True)

    def archive(self, claim: Claim) -> None:
        """Move the claimed file into the archive."""
        self._move(self.input(claim), self.archived(claim))

    def archived(self, claim: Claim) -> Any:
        """Where the claimed file is, or will be, archived."""
        return self.folder("archive") / claim.named()

    def reserve(self, claim: Claim) -> Any:
        """Keep a name free in the inbox for a claimed file that is to be put back: its own, or a free one like it.

        An empty file holds the name, so that no other file takes it and none is overwritten; being new, no run claims it.
        """
        kept = self.saved(claim, RESERVED)
        if kept and self._is_ours(claim, self.folder("inbox") / kept):
            return self.folder("inbox") / kept
        for name in _names_like(claim.name):
            target = self.folder("inbox") / name
            self.save(claim, RESERVED, name)
            if not self.local and not target.exists():
                return target
            if self.local:
                with suppress(FileExistsError):
                    target.touch(exist_ok=False)
                    return target
        raise AssertionError("unreachable")

    def put_back(self, claim: Claim) -> None:
        """Move the claimed file into the inbox again, to where `reserve` said."""
        self._move(self.input(claim), self.reserve(claim))

    def result(self, claim: Claim) -> dict[str, Any] | None:
        """What `archive` said of a claim that was treated to the end."""
        return self._read_json(self.folder("report") / claim.report_name(".json"))

    # What a step leaves for the next

    def save(self, claim: Claim, name: str, value: Any) -> None:
        """Keep a JSON value in the claim's work folder, whole or not at all."""
        self._write_json(self.work(claim) / name, value)

    def saved(self, claim: Claim, name: str) -> Any:
        """A JSON value of the claim's work folder, None when there is none."""
        return self._read_json(self.work(claim) / name)

    def forget(self, claim: Claim, name: str) -> None:
        """Remove what `save` kept."""
        (self.work(claim) / name).unlink(missing_ok=True)

    @contextmanager
    def writing(self, folder: str, name: str) -> Iterator[tuple[IO[bytes], Any]]:
        """Write a file that appears whole when the block ends without an error.

        :return: (an open binary file, the path it will have).
        """
        target = self.folder(folder) / name
        part = self.folder(folder) / f".{name}.part"
        with part.open("wb") as stream:
            yield stream, target
            stream.flush()
            if self.local:
                os.fsync(stream.fileno())
        self._move(part, target)

    # Files

    def _new_claim(self, name: str, owner: Owner, options: Mapping[str, Any]) -> Claim:
        kept = {option: value for option, value in options.items() if option != "content"}
        claim = Claim(f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}", name, kept)
        self.input(claim).parent.mkdir(parents=True)
        self._write_json(self.work(claim) / "claim.json", {"claim": asdict(claim), "owner": asdict(owner)})
        return claim

    def _move(self, source: Any, target: Any) -> None:
        if self.local:
            os.rename(source, target)
        else:
            source.move(target)

    def _is_ours(self, claim: Claim, path: Any) -> bool:
        """Whether a file of the inbox is what an earlier try left there: the name kept free, or (on an object store) the copy of a move that was cut off."""
        return path.is_file() and path.read_bytes() in {b"", self.input(claim).read_bytes()}

    def _write(self, path: Any, content: bytes) -> None:
        part = path.parent / f".{path.name}.part"
        part.write_bytes(content)
        self._move(part, path)

    def _write_json(self, path: Any, value: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._write(path, json.dumps(value, ensure_ascii=False).encode())

    @staticmethod
    def _read_json(path: Any) -> Any:
        try:
            return json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
