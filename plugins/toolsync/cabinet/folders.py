"""The folders of the cabinet, and how a command file moves through them.

    <cabinet>/<type>/inbox     people and programs drop files here
                     work      a folder for each file that a run has claimed
                     tryback   lines that failed, to be corrected and dropped again
                     archive   files that were executed or rejected
                     report    what became of every line
                     review    command files that a query made, for a person to check
                     docs      Data Docs of the validated files
                     undo      undo bundles

At any moment a file is in exactly one of inbox, work and archive: it moves by a rename (in an object store, by a copy and a deletion).
"""

from __future__ import annotations

import fnmatch
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.inbox import names_like, why_not_ready
from toolsync.cabinet.storage import appearing, copy, folder_at, is_local, move, read_json, remove_folder, write_json
from toolsync.settings import cabinet_url

# Files of a claim's work folder: the claim and its owner; the name in the inbox that is kept free for it.
CLAIM, RESERVED = "claim.json", "reserved.json"


class Cabinet:
    """The folders of one command-file type.

    :param file_type: the type, `users`.
    :param url: the cabinet: a folder, or an address of an object store. Default: that of this installation.
    :ivar root: the folder that holds the type's folders.
    :ivar local: whether it is on this machine, and not in an object store.
    """

    def __init__(self, file_type: str, url: str | None = None) -> None:
        self.root = folder_at(url or cabinet_url()) / file_type
        self.local = is_local(self.root)
        for name in ("inbox", "work", "tryback", "archive", "report"):
            self.folder(name).mkdir(parents=True, exist_ok=True)

    def folder(self, name: str) -> Any:
        """The path of one of the folders, `inbox`."""
        return self.root / name

    # Inbox

    def put(self, source: Path) -> str:
        """Drop a copy of a local file into the inbox.

        :return: the name it got there: its own, or a free one like it.
        """
        name = next(name for name in names_like(source.name) if not (self.folder("inbox") / name).exists())
        with appearing(self.folder("inbox") / name) as part:
            copy(source, part)
            if self.local:
                os.utime(part, (0, 0))  # it is complete: no run needs to wait until it settles
        return name

    def waiting(self, pattern: str, settle_seconds: float) -> tuple[list[str], list[tuple[str, str]]]:
        """The files of the inbox whose name matches.

        :param pattern: a glob, `*` for all.
        :param settle_seconds: a file that changed less long ago is left alone.
        :return: the names of those that are ready, in order; and (name, reason) of those that are left alone.
        """
        ready: list[str] = []
        left: list[tuple[str, str]] = []
        for path in sorted(self.folder("inbox").iterdir(), key=lambda path: path.name):
            if fnmatch.fnmatchcase(path.name, pattern):
                with suppress(FileNotFoundError):  # another run has taken it
                    reason = why_not_ready(path, settle_seconds)
                    left.append((path.name, reason)) if reason else ready.append(path.name)
        return ready, left

    def withdraw(self, name: str) -> None:
        """Take a file that `put` dropped out of the inbox again, if it is still there."""
        (self.folder("inbox") / name).unlink(missing_ok=True)

    def reserve(self, claim: Claim) -> Any:
        """Keep a name in the inbox free for a claimed file that is to be put back.

        An empty file holds the name, so that no other file takes it and none is overwritten. No run claims the empty file, because it is new.

        :return: the path in the inbox: with the file's own name, or a free one like it.
        """
        inbox, kept = self.folder("inbox"), self.saved(claim, RESERVED)
        if kept and self._is_left_over(claim, inbox / kept):
            return inbox / kept
        name = claim.name
        for name in names_like(claim.name):
            self.save(claim, RESERVED, name)
            if _takes(inbox / name):
                break
        return inbox / name

    def put_back(self, claim: Claim) -> None:
        """Move the claimed file into the inbox again, to the path that `reserve` returns."""
        move(self.input(claim), self.reserve(claim))

    # Claims

    def claim(self, name: str, owner: Owner, options: Mapping[str, Any]) -> Claim | None:
        """Take a file out of the inbox for a run; a simulation takes a copy of it.

        :param name: of the file.
        :param owner: the run.
        :param options: the run's Params.
        :return: None when another run was faster.
        """
        claim = self._new_claim(name, owner, options)
        take = copy if claim.simulate else move
        try:
            take(self.folder("inbox") / name, self.input(claim))
        except FileNotFoundError:
            self.discard(claim)
            return None
        return claim

    def claim_content(self, owner: Owner, options: Mapping[str, Any], name: str = "pasted.csv") -> Claim:
        """Claim rows that are in no file: those of Param `content`.

        :param owner: the run.
        :param options: the run's Params.
        :param name: the name that the file gets.
        """
        claim = self._new_claim(name, owner, {**options, "encoding": "utf-8", "pasted": True})
        with appearing(self.input(claim)) as part:
            part.write_bytes(options["content"].encode())
        return claim

    def claims(self, owner: Owner) -> Iterator[Claim]:
        """The claims of a run, and those that dead runs left, which are its own from now on. The oldest comes first."""
        for folder in sorted(self.folder("work").iterdir(), key=lambda path: path.name):
            record = read_json(folder / CLAIM)
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
                self._write_claim(claim, owner)
                yield claim

    def work(self, claim: Claim) -> Any:
        """The claim's work folder."""
        return self.folder("work") / claim.id

    def input(self, claim: Claim) -> Any:
        """The path of the claimed file."""
        return self.work(claim) / "file" / claim.name

    def discard(self, claim: Claim) -> None:
        """Remove the claim's work folder."""
        remove_folder(self.work(claim))

    def archive(self, claim: Claim) -> None:
        """Move the claimed file into the archive."""
        move(self.input(claim), self.archived(claim))

    def archived(self, claim: Claim) -> Any:
        """The path of the claimed file in the archive, whether it is there already or not."""
        return self.folder("archive") / claim.named()

    def result(self, claim: Claim) -> dict[str, Any] | None:
        """The result that `archive` wrote; None when the claim was not processed to its end."""
        return read_json(self.folder("report") / claim.report_name(".json"))

    # What a task leaves for the next

    def save(self, claim: Claim, name: str, value: Any) -> None:
        """Keep a JSON value in the claim's work folder."""
        write_json(self.work(claim) / name, value)

    def saved(self, claim: Claim, name: str) -> Any:
        """A JSON value from the claim's work folder; None when it is not there."""
        return read_json(self.work(claim) / name)

    def forget(self, claim: Claim, name: str) -> None:
        """Remove a value that `save` kept."""
        (self.work(claim) / name).unlink(missing_ok=True)

    @contextmanager
    def writing(self, folder: str, name: str) -> Iterator[tuple[IO[bytes], Any]]:
        """Write a file that appears complete when the block ends without an error.

        :param folder: one of the folders, `report`.
        :param name: the name of the file.
        :return: (an open binary file, the path that it will have).
        """
        target = self.folder(folder) / name
        with appearing(target) as part, part.open("wb") as stream:
            yield stream, target
            stream.flush()
            if self.local:
                os.fsync(stream.fileno())

    def _new_claim(self, name: str, owner: Owner, options: Mapping[str, Any]) -> Claim:
        kept = {option: value for option, value in options.items() if option != "content"}
        claim = Claim(f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}", name, kept)
        self.input(claim).parent.mkdir(parents=True)
        self._write_claim(claim, owner)
        return claim

    def _write_claim(self, claim: Claim, owner: Owner) -> None:
        self.save(claim, CLAIM, {"claim": asdict(claim), "owner": asdict(owner)})

    def _is_left_over(self, claim: Claim, path: Any) -> bool:
        """Whether an earlier attempt left a file in the inbox: the empty one, or, in an object store, the copy of a move that was cut short."""
        return path.is_file() and path.read_bytes() in {b"", self.input(claim).read_bytes()}


def _takes(path: Any) -> bool:
    """Make an empty file, which holds a name in the inbox; an object store holds no names.

    :return: whether the name was free.
    """
    if not is_local(path):
        return not path.exists()
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
