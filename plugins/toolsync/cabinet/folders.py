"""The folders of the cabinet, and how a command file moves through them.

    <cabinet>/<type>/inbox     people and programs drop files here
                     work      a folder for each file that a run has claimed
                     tryback   lines that failed, to be corrected and dropped again
                     archive   files that were executed or rejected
                     report    what became of every line
                     review    command files that a query made, for a person to check
                     export    command files that say what the site has
                     docs      Data Docs of the validated files
                     undo      undo bundles
                     uploads   files uploaded on the Tool Sync page (`uploads.py`)

At any moment a file is in exactly one of inbox, uploads, work and archive: it moves by a rename (in an object store, by a copy and a deletion).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from toolsync.cabinet import alive
from toolsync.cabinet.claims import Claim, Owner, new_id, options_for
from toolsync.cabinet.disk import Disk, NoLocks
from toolsync.cabinet.inbox import why_not_ready
from toolsync.cabinet.names import matches, names_like, safe_name, shown_name
from toolsync.cabinet.records import Records, UnreadableRecord
from toolsync.cabinet.storage import files_at, folder_at
from toolsync.cabinet.store import Store, Stored
from toolsync.sites import Site, the_site

# Files of a claim's work folder: the claim, its owner and where it was; the name in the inbox that is kept free for it.
CLAIM, RESERVED = "claim.json", "reserved.json"
FILE = "file"  # the folder that holds the claimed file


class StillInInbox(Exception):
    """A file was copied from the inbox of an object store and can't be deleted there, so taking it would do it again and again."""


class Cabinet:
    """The folders of one command-file type.

    :param file_type: the type, `users`.
    :param site: whose cabinet it is; None: the only one's.
    :param url: the cabinet: a folder, or an address of an object store. Default: that of the site.
    :ivar file_type: the type.
    :ivar site: whose it is.
    :ivar root: the folder that holds the type's folders.
    :ivar files: reads and writes files there.
    :ivar local: whether it is on this machine, and not in an object store.
    """

    def __init__(self, file_type: str, site: Site | None = None, *, url: str | None = None) -> None:
        self.file_type = file_type
        self.site = site or the_site()
        self.root = folder_at(url or self.site.cabinet_url) / file_type
        self.files = files_at(self.root, self.site)
        self.local = self.files.local
        self._records: dict[str, Records] = {}
        for name in ("inbox", "work", "tryback", "archive", "report"):
            self.files.make_folder(self.folder(name))

    @property
    def dag_id(self) -> str:
        """The id of the DAG that works on it."""
        return self.site.dag_id(self.file_type)

    def folder(self, name: str) -> Any:
        """The path of one of the folders, `inbox`."""
        return self.root / name

    # Inbox

    def put(self, source: Path) -> str:
        """Drop a copy of a local file into the inbox. It is complete, so the next run takes it: it looks as old as a settled file.

        :return: the name it got there: its own, or a free one like it.
        """
        with source.open("rb") as stream:
            return self.add("inbox", safe_name(source.name), stream, self.site.page["settle_seconds"]).name

    def add(self, folder: str, name: str, content: IO[bytes], age: float = 0) -> Any:
        """Write a file, and overwrite none.

        :param folder: one of the folders, `review`.
        :param name: the name it gets if that is free, else one like it.
        :param age: how long ago it is to have changed, in seconds.
        :return: its path.
        """
        self.files.make_folder(self.folder(folder))
        for free in names_like(name):
            content.seek(0)
            if self.files.add(self.folder(folder) / free, content, age):
                return self.folder(folder) / free
        raise AssertionError("names do not end")

    def waiting(self, pattern: str, settle_seconds: float) -> tuple[list[str], list[tuple[str, str]]]:
        """The files of the inbox whose name matches.

        :param pattern: a glob, `*` for all, or a name.
        :param settle_seconds: a file that changed less long ago is left alone.
        :return: the names of those that are ready, in order; and (name as it can be shown, reason) of those that are left alone.
        """
        ready: list[str] = []
        left: list[tuple[str, str]] = []
        for path in self.files.entries(self.folder("inbox")):
            if not matches(path.name, pattern):
                continue
            try:
                reason = why_not_ready(path, settle_seconds)
            except FileNotFoundError:  # another run has taken it
                continue
            except OSError as error:
                reason = f"it can't be looked at: {error.strerror}"
            left.append((shown_name(path.name), reason)) if reason else ready.append(path.name)
        return ready, left

    def reserve(self, claim: Claim) -> Any:
        """Keep a name in the inbox free for a claimed file that is to be put back.

        An empty file holds the name, so that no other file takes it and none is overwritten. No run claims the empty file: it is new, and see `reserved`.

        :return: the path in the inbox: with the file's own name, or a free one like it.
        """
        inbox, kept = self.folder("inbox"), self.saved(claim, RESERVED)
        if kept and self._is_left_over(claim, inbox / kept):
            return inbox / kept
        name = claim.name
        for name in names_like(claim.name):
            self.save(claim, RESERVED, name)
            if self.files.reserve(inbox / name):
                break
        return inbox / name

    def reserved(self, claim: Claim) -> str | None:
        """The name in the inbox that `reserve` keeps free for a claimed file; None: none.

        What a dead run left under this name, the file that keeps it or a copy, is the claim's and no file to take.
        """
        try:
            return self.saved(claim, RESERVED)
        except UnreadableRecord:  # the task that puts the file back says so
            return None

    def put_back(self, claim: Claim) -> None:
        """Move the claimed file into the inbox again, to the path that `reserve` returns."""
        self.files.move(self.input(claim), self.reserve(claim))
        self._records_of(claim).gone(f"{FILE}/{claim.name}")

    # Claims

    def claim(self, name: str, owner: Owner, options: Mapping[str, Any]) -> Claim | None:
        """Take a file out of the inbox for a run; a simulation takes a copy of it.

        :param name: of the file.
        :param owner: the run.
        :param options: the run's Params.
        :return: None when another run was faster.
        :raises StillInInbox: it can't be deleted from the inbox of an object store. It is not taken.
        :raises OSError: the file can't be taken; it stays in the inbox.
        """
        path, source = self.folder("inbox") / name, None
        if isinstance(self.files, Store):
            source = {"name": name, "identity": self.files.identity(path)}
            if source["identity"] is None:
                return None
        claim = self.new_claim(name, owner, options, source)
        take = self.files.move if self.local and not claim.simulate else self.files.copy
        try:
            take(path, self.input(claim))
            self.reread(claim)
            if source and not claim.simulate and not self._deleted(source):
                raise FileNotFoundError(
                    name
                )  # another run has taken it, or another file has its name by now: the next run takes that
        except FileNotFoundError:
            self.discard(claim)
            return None
        except (OSError, StillInInbox):
            if self.files.exists(path):
                self.discard(claim)
            raise
        return claim

    def claim_content(self, owner: Owner, options: Mapping[str, Any], name: str = "pasted.csv") -> Claim:
        """Claim rows that are in no file: those of Param `content`.

        :param owner: the run.
        :param options: the run's Params.
        :param name: the name that the file gets.
        """
        claim = self.new_claim(name, owner, {**options, "encoding": "utf-8", "pasted": True})
        # A lone surrogate is no text: it is kept, so that the validation says so.
        self.files.write(self.input(claim), options["content"].encode(errors="surrogatepass"))
        self.reread(claim)
        return claim

    def claim_given(self, source: Path, owner: Owner, options: Mapping[str, Any]) -> Claim:
        """Claim a copy of a file that is not in the inbox, and never gets there.

        :param source: a file of this machine, which stays as it is.
        :param owner: the run.
        :param options: the run's Params.
        :raises OSError: it can't be read, or the cabinet can't be written.
        """
        claim = self.new_claim(source.name, owner, {**options, "given": True})
        try:
            with source.open("rb") as stream:
                self.files.add(self.input(claim), stream)
        except BaseException:
            self.discard(claim)
            raise
        self.reread(claim)
        return claim

    def new_claim(
        self, name: str, owner: Owner, options: Mapping[str, Any], source: Mapping[str, Any] | None = None
    ) -> Claim:
        """Make the work folder of a claim, whose file follows.

        :param name: of the file.
        :param owner: the run.
        :param options: its Params.
        :param source: see `assign`.
        """
        kept = {option: value for option, value in options.items() if option != "content"}
        safe = safe_name(name)
        claim = Claim(new_id(), safe, options_for(safe, kept), None if safe == name else shown_name(name))
        self._records[claim.id] = Records(self.files, self.work(claim), {})  # a store need not be asked what is in it
        self.assign(claim, owner, source)
        self.files.make_folder(self.work(claim) / FILE)
        return claim

    def assign(self, claim: Claim, owner: Owner, source: Mapping[str, Any] | None) -> None:
        """Record whose claim it is. A run by hand holds it besides, as long as its process lives.

        :param source: `name` and `identity` of the file in the inbox of an object store; None: it is not from there.
        """
        self.files.make_folder(self.work(claim))
        if owner.pid is not None:
            with suppress(NoLocks):
                alive.hold(self.files, self.work(claim), claim)
        self.save(claim, CLAIM, {"claim": asdict(claim), "owner": asdict(owner), "source": source})

    def leave_inbox(self, claim: Claim, source: Mapping[str, Any] | None) -> None:
        """Let a claimed file be in the work folder only, for a run that goes on with the claim of a dead one.

        In an object store a claim is a copy at first, whose original is deleted here. On this machine, a power cut may have left the file both names.

        :param source: as `assign` recorded it.
        :raises StillInInbox: it can't be deleted.
        :raises OSError: the store does not answer.
        """
        if isinstance(self.files, Disk):
            self.files.remove_names(self.input(claim), self.folder("inbox"))
        elif source and not claim.simulate:
            self._deleted(source)

    def _deleted(self, source: Mapping[str, Any]) -> bool:
        """Delete the original of a claim from the inbox of an object store.

        :param source: as `assign` recorded it.
        :return: False: it is gone, or another file has that name by now.
        :raises StillInInbox: it can't be deleted.
        """
        assert isinstance(self.files, Store)
        path = self.folder("inbox") / source["name"]
        if self.files.identity(path) != source["identity"]:
            return False
        try:
            self.files.remove(path)
        except OSError as error:
            if self.files.exists(path):
                raise StillInInbox(
                    f"it can't be deleted from the inbox ({error}), and would be done again by each run"
                ) from error
        return True

    def reread(self, claim: Claim) -> None:
        """Forget what is known of a claim's records: somebody else may have written some."""
        self._records.pop(claim.id, None)

    def work(self, claim: Claim) -> Any:
        """The claim's work folder."""
        return self.folder("work") / claim.id

    def input(self, claim: Claim) -> Any:
        """The path of the claimed file."""
        return self.work(claim) / FILE / claim.name

    def holds(self, claim: Claim) -> bool:
        """Whether the claimed file is still in the work folder."""
        if self.local:
            return self.files.exists(self.input(claim))
        return f"{FILE}/{claim.name}" in self._records_of(claim).sizes()

    def is_begun(self, claim: Claim) -> bool:
        """Whether something of the file may have reached the site."""
        return any(
            name.startswith(("begun", "batch-", "written-", "backup_")) for name in self._records_of(claim).sizes()
        )

    def opened(self, claim: Claim) -> Any:
        """The claimed file: a path, or something else with `open("rb")`."""
        if isinstance(self.files, Disk):
            return self.input(claim)
        return Stored(self.files, self.input(claim), self.size(claim))

    def opened_beside(self, claim: Claim, name: str) -> Any:
        """A file that a task has written into the claim's work folder: a path, or something else with `open("rb")`."""
        path = self.work(claim) / name
        return path if isinstance(self.files, Disk) else Stored(self.files, path, self.files.size(path) or 0)

    @contextmanager
    def writing_beside(self, claim: Claim, name: str) -> Iterator[IO[bytes]]:
        """Write such a file. It appears complete, and durable, when the block ends without an error."""
        with self.files.writing(self.work(claim) / name) as stream:
            yield stream

    def size(self, claim: Claim) -> int:
        """The size of the claimed file, in bytes."""
        return self._records_of(claim).sizes()[f"{FILE}/{claim.name}"]

    def discard(self, claim: Claim) -> None:
        """Remove the claim's work folder: the file first, so that nobody goes on with half of it."""
        if self.holds(claim):
            self.files.remove(self.input(claim))
        self.files.remove_folder(self.work(claim))
        self.reread(claim)
        alive.let_go(claim)

    def clear_up(self, claim: Claim) -> None:
        """Remove what a dead run had begun to write for a claim: the hidden parts of reports, trybacks, its undo bundle and the like."""
        if isinstance(self.files, Disk):
            self.files.remove_parts(self.root, claim.id)
            self.files.remove_parts(self.root / "undo" / claim.id, "part-")
            self.files.remove_parts(self.root / "undo" / claim.id, "index")

    def archive(self, claim: Claim) -> None:
        """Move the claimed file into the archive."""
        self.files.move(self.input(claim), self.archived(claim))
        self._records_of(claim).gone(f"{FILE}/{claim.name}")

    def archived(self, claim: Claim) -> Any:
        """The path of the claimed file in the archive, whether it is there already or not."""
        return self.folder("archive") / claim.named()

    def result(self, claim: Claim) -> dict[str, Any] | None:
        """The result that `archive` wrote; None when the claim was not processed to its end."""
        try:
            return json.loads(self.files.read(self.folder("report") / claim.report_name(".json")))
        except FileNotFoundError:
            return None

    # What a task leaves for the next

    def save(self, claim: Claim, name: str, value: Any) -> None:
        """Keep a JSON value in the claim's work folder. It is durable when this returns."""
        self._records_of(claim).save(name, value)

    def saved(self, claim: Claim, name: str, kind: Any = Any) -> Any:
        """A JSON value from the claim's work folder; None when it is not there.

        :param kind: as for `from_json` of `json_bytes.py`.
        :raises UnreadableRecord: it is damaged.
        """
        return self._records_of(claim).saved(name, kind)

    def forget(self, claim: Claim, name: str) -> None:
        """Remove a value that `save` kept."""
        self._records_of(claim).forget(name)

    @contextmanager
    def writing(self, folder: str, name: str) -> Iterator[tuple[IO[bytes], Any]]:
        """Write a file that appears complete, and durable, when the block ends without an error.

        :param folder: one of the folders, `report`.
        :param name: the name of the file.
        :return: (an open binary file, the path that it will have).
        """
        self.files.make_folder(self.folder(folder))
        target = self.folder(folder) / name
        with self.files.writing(target) as stream:
            yield stream, target

    def _records_of(self, claim: Claim) -> Records:
        if claim.id not in self._records:
            self._records[claim.id] = Records(self.files, self.work(claim))
        return self._records[claim.id]

    def _is_left_over(self, claim: Claim, path: Any) -> bool:
        """Whether an earlier attempt left a file in the inbox: the empty one, or, in an object store, the copy of a move that was cut short."""
        return self.files.exists(path) and self.files.read(path) in {b"", self.files.read(self.input(claim))}
