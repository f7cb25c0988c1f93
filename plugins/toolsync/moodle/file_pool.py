"""The site's file pool: `filedir` in the data folder (moodledata), where each content is stored under its SHA-1 hash."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowFailException
from more_itertools import chunked

from toolsync.cabinet.disk import sync_folder
from toolsync.cabinet.storage import folder_at
from toolsync.moodle.session import MoodleSession

EMPTY = hashlib.sha1(b"").hexdigest()  # the content of directory rows; Moodle never removes it
WRITERS = 8  # parallel writes: the time goes into waiting for the disk or the network
HASHES_PER_QUERY = 1000


def pool_of_site(extra: Mapping[str, Any], conn_id: str) -> FilePool:
    """Open the file pool of a site.

    :param extra: the extra of the database connection, whose `dataroot` is the address of the data folder.
    :param conn_id: the id of that connection, for messages.
    :raises AirflowFailException: `dataroot` is missing, or the folder can't be reached or written to.
    """
    if not extra.get("dataroot"):
        raise AirflowFailException(
            f"The extra of connection {conn_id} has no `dataroot`. Set it to the site's data folder (moodledata) as seen from the worker. "
            "Nothing was changed."
        )
    try:
        return FilePool(extra["dataroot"])
    except OutOfReach as reason:
        raise AirflowFailException(
            f"The site's data folder {extra['dataroot']} {reason}. Nothing was changed. Correct `dataroot` in the extra of connection {conn_id}, "
            "or give this worker access to the folder."
        ) from None


def at_hand(session: MoodleSession) -> bool:
    """Whether the site's data folder can be reached, so that the contents of deleted files can be removed too."""
    if not session.extra.get("dataroot"):
        return False
    try:
        FilePool(session.extra["dataroot"])
    except OutOfReach:
        return False
    return True


class OutOfReach(Exception):
    """The data folder can't be used. The message continues a sentence that begins with the folder's address."""


class FilePool:
    """The file pool of one site.

    :param address: the site's data folder: a local path, or a URL for Airflow's ObjectStoragePath.
    :raises OutOfReach: it does not exist, or can't be written to.
    """

    def __init__(self, address: str) -> None:
        try:
            self.root = folder_at(address)
            self.local = isinstance(self.root, Path)
            if not self.root.is_dir():
                raise OutOfReach("does not exist")
            pool = self.root / "filedir"
            folder = pool if pool.is_dir() else self.root
            self._tops = {folder, pool}
        except OutOfReach:
            raise
        except Exception as error:  # each fsspec file system raises its own
            raise OutOfReach(f"can't be reached: {error}") from None
        if self.local:
            self._example = folder.stat()  # created by Moodle, with its `directorypermissions`
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise OutOfReach(f"can't be written to: {folder} is not writable for the worker's account")

    def read(self, content_hash: str) -> bytes | None:
        """The content with this hash; None when the pool does not have it."""
        try:
            return self._path("filedir", content_hash).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def has(self, content_hash: str) -> bool:
        """Whether the content is in the pool, or in `trashdir`, from which Moodle recovers it."""
        return any(_size(self._path(area, content_hash)) is not None for area in ("filedir", "trashdir"))

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Add contents, each atomically. When this returns they outlive a power cut, so rows may be committed that refer to them.

        :param contents: the contents by hash.
        """
        with ThreadPoolExecutor(WRITERS) as threads:
            list(threads.map(lambda item: self._write(*item), contents.items()))
            if self.local and contents:
                list(threads.map(sync_folder, self._folders_of(contents)))

    def _folders_of(self, content_hashes: Iterable[str]) -> set[Path]:
        """The folders that hold the names of contents, and of one another: also of those that an earlier attempt made."""
        folders = {self._path("filedir", content_hash).parent for content_hash in content_hashes}
        return folders | {folder.parent for folder in folders} | self._tops

    def discard(self, content_hashes: Iterable[str]) -> int:
        """Move contents to `trashdir`. Until Moodle's cron empties it, Moodle recovers from there what it still needs.

        :return: the number of contents that were in the pool.
        """
        with ThreadPoolExecutor(WRITERS) as threads:
            return sum(threads.map(self._discard, content_hashes))

    def discard_unused(self, content_hashes: Collection[str], session: MoodleSession) -> int:
        """Move those of the contents to `trashdir` that no row of `files` refers to.

        :return: the number of contents that were moved.
        """
        unused = set(content_hashes) - {EMPTY}
        for asked in chunked(sorted(unused), HASHES_PER_QUERY):
            marks = ", ".join(["%s"] * len(asked))
            used = session.rows(f"SELECT DISTINCT contenthash FROM {{files}} WHERE contenthash IN ({marks})", asked)
            unused.difference_update(content_hash for (content_hash,) in used)
        return self.discard(unused)

    def _path(self, area: str, content_hash: str) -> Any:
        return self.root / area / content_hash[:2] / content_hash[2:4] / content_hash

    def _write(self, content_hash: str, content: bytes) -> None:
        target = self._path("filedir", content_hash)
        if _size(target) == len(content):
            return
        self._make_folder(target.parent)
        part = self._aside(target)
        with part.open("wb") as stream:
            stream.write(content)
            if self.local:
                stream.flush()
                self._as_the_site(part, self._example.st_mode & 0o666)
                os.fsync(stream.fileno())
        self._move(part, target)

    def _discard(self, content_hash: str) -> bool:
        target, trash = self._path("filedir", content_hash), self._path("trashdir", content_hash)
        self._aside(target).unlink(missing_ok=True)
        if _size(target) is None:
            return False
        if _size(trash) is None:
            self._make_folder(trash.parent)
            self._move(target, trash)
        else:
            target.unlink()
        return True

    def _make_folder(self, folder: Any) -> None:
        if not self.local:
            folder.mkdir(parents=True, exist_ok=True)
        elif not folder.is_dir():
            self._make_folder(folder.parent)
            with suppress(FileExistsError):  # another thread created it
                folder.mkdir()
                self._as_the_site(folder, stat.S_IMODE(self._example.st_mode))

    def _as_the_site(self, path: Path, mode: int) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._example.st_uid, self._example.st_gid)
        path.chmod(mode)

    def _move(self, source: Any, target: Any) -> None:
        if self.local:
            os.replace(source, target)
        else:
            source.move(target)

    @staticmethod
    def _aside(target: Any) -> Any:
        return target.parent / f"{target.name}.toolsync"


def _size(path: Any) -> int | None:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
