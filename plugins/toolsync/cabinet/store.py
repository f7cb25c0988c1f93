"""Files in an object store. An object appears whole, by one request where its size allows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import IO, Any, NamedTuple

SMALL = 8 << 20  # bytes: what is read by one request and kept in memory
# What fsspec's file systems raise for a prefix without objects.
NOTHING = (FileNotFoundError, NotADirectoryError)
REMOVING_SECONDS = 10  # a process that removes an object has done it by then, or is dead


class StoreError(OSError):
    """The store can't be asked, or answers what nobody expects."""


class _Telling:
    """A file system that fails with a StoreError: the libraries of stores have exceptions of their own."""

    def __init__(self, files: Any) -> None:
        self._files = files

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._files, name)

        def told(*args: Any, **options: Any) -> Any:
            with _telling():
                return method(*args, **options)

        return told


@contextmanager
def _telling() -> Iterator[None]:
    """Fail with a StoreError."""
    try:
        yield
    except (FileNotFoundError, FileExistsError, NotADirectoryError, TypeError, AttributeError):
        raise  # answers that are expected, and defects of ours
    except Exception as error:
        raise StoreError(f"{type(error).__name__}: {error}") from error


class Stored:
    """An object that is read several times.

    :param size: in bytes.
    """

    def __init__(self, files: Store, path: Any, size: int) -> None:
        self._files = files
        self._path = path
        self._size = size
        self._content: bytes | None = None

    def open(self, mode: str = "rb") -> IO[bytes]:
        """Open it for reading. A small one is fetched once, a large one is read block by block."""
        if self._size > SMALL:
            return self._files.opened(self._path, self._size)
        if self._content is None:
            self._content = self._files.read(self._path)
        return io.BytesIO(self._content)


class Found(NamedTuple):
    """What a store says of an object.

    :param size: in bytes.
    :param identity: what another object of the same name does not have.
    :param written: when; None: the store does not say.
    """

    size: int
    identity: str
    written: datetime | None

    @classmethod
    def of(cls, info: dict[str, Any]) -> Found:
        return cls(info["size"], _identity(info), _written(info))


class Store:
    """Reads and writes the objects below an address.

    :param root: an `ObjectStoragePath`.
    """

    local = False

    def __init__(self, root: Any) -> None:
        self._fs = _Telling(root.fs)

    def make_folder(self, folder: Any) -> None:
        """Nothing: an object store has no folders, only names with slashes."""

    def exists(self, path: Any) -> bool:
        """Whether there is an object of this name."""
        return self._info(path) is not None

    def entries(self, folder: Any) -> list[Any]:
        """The objects and prefixes below an address, by name; none when nothing is there."""
        return [folder / name for name in sorted(self._listed(folder))]

    def objects(self, folder: Any) -> dict[str, Found]:
        """The objects directly below an address, by name. It takes one request."""
        return {name: Found.of(info) for name, info in self._objects(folder).items()}

    def tree(self, folder: Any) -> dict[str, int]:
        """The sizes of all objects below an address, by their name from there."""
        base = _key(folder).rstrip("/") + "/"
        self._fs.invalidate_cache(base)
        try:
            found = self._fs.find(base, detail=True)
        except NOTHING:
            return {}
        return {name.lstrip("/").removeprefix(base.lstrip("/")): info["size"] for name, info in found.items()}

    def identity(self, path: Any) -> str | None:
        """What tells an object from a later one of the same name; None when there is none."""
        info = self._info(path)
        return None if info is None else _identity(info)

    def details(self, folder: Any) -> dict[str, tuple[int, datetime]]:
        """The sizes of the objects directly below an address, in bytes, and when they were written, by name. It takes one request.

        One of which the store does not say it was written just now: nobody should think it old.
        """
        found = self._objects(folder).items()
        return {name: (info.get("size") or 0, _written(info) or datetime.now(UTC)) for name, info in found}

    def identities(self, folder: Any) -> dict[str, str]:
        """What tells the objects directly below an address from others of the same names, by name. It takes one request."""
        return {name: _identity(info) for name, info in self._objects(folder).items()}

    def look(self, path: Any) -> Found | None:
        """What the store says of an object; None when there is none."""
        info = self._info(path)
        return None if info is None or info.get("type") == "directory" else Found.of(info)

    def size(self, path: Any) -> int | None:
        """The size of an object, in bytes; None when there is none."""
        found = self.look(path)
        return found.size if found else None

    def read(self, path: Any) -> bytes:
        """The content of an object.

        :raises FileNotFoundError: there is none.
        """
        return self._fs.cat_file(_key(path))

    def opened(self, path: Any, size: int) -> IO[bytes]:
        """An object opened for reading block by block.

        :param size: of the object, in bytes.
        """
        return self._fs.open(_key(path), "rb", block_size=SMALL, cache_type="readahead", size=size)

    def write(self, path: Any, content: bytes) -> None:
        """Write an object, in the place of an older one of that name."""
        self._fs.pipe_file(_key(path), content)

    @contextmanager
    def writing(self, path: Any) -> Iterator[IO[bytes]]:
        """Write an object that appears when the block ends without an error, in the place of an older one of that name."""
        stream = self._fs.open(_key(path), "wb")
        try:
            yield stream
        except BaseException:
            with suppress(Exception):
                stream.discard()
            with suppress(AttributeError):
                stream.closed = True  # otherwise the end of the stream's life would write what there is
            raise
        with _telling():
            stream.close()

    def add(self, path: Any, source: IO[bytes], age: float = 0) -> bool:
        """Write an object under a name that is free.

        :param age: of no meaning here: the store says when it was written.
        :return: False: the name is taken, and nothing was written.
        """
        if self.exists(path):
            return False
        try:
            self._fs.pipe_file(_key(path), source.read(), mode="create")
        except FileExistsError:
            return False
        return True

    def reserve(self, path: Any) -> bool:
        """Whether a name is free; a store holds no names."""
        return not self.exists(path)

    def move(self, source: Any, target: Any) -> None:
        """Copy an object and delete the original. A run that dies between the two leaves both.

        :raises FileNotFoundError: the source is not there.
        """
        self.copy(source, target)
        self.remove(source)

    def copy(self, source: Any, target: Any) -> None:
        """Copy an object.

        :raises FileNotFoundError: the source is not there.
        """
        self._fs.cp_file(_key(source), _key(target))
        self._fs.invalidate_cache(_key(target.parent))

    def remove(self, path: Any) -> None:
        """Delete an object, if it is there."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(_key(path))
        self._fs.invalidate_cache(_key(path.parent))

    def removed(self, path: Any) -> bool:
        """Delete an object.

        :return: False: it is not there. Of several that delete one at once, one is told True.
        """
        # A store deletes what is not there without a word, so an object that only one can write says who looks and deletes.
        mine = path.parent / f".{path.name}.removing"
        since = monotonic()
        while not self.add(mine, io.BytesIO()):
            if not self.exists(path):
                return False
            if monotonic() - since > REMOVING_SECONDS:
                self.remove(mine)
            else:
                sleep(0.1)
        try:
            if there := self.exists(path):
                self.remove(path)
        finally:
            with suppress(OSError):
                self.remove(mine)
        return there

    def remove_folder(self, folder: Any) -> None:
        """Delete all objects below an address."""
        with suppress(*NOTHING):
            self._fs.rm(_key(folder), recursive=True)
        self._fs.invalidate_cache(_key(folder.parent))

    def last_written(self, folder: Any) -> float | None:
        """When the newest object below an address was written, in Unix seconds; None when nothing is there or the store does not say."""
        try:
            found = self._fs.find(_key(folder), detail=True)
        except NOTHING:
            return None
        times = (_written(info) for info in found.values())
        return max((time.timestamp() for time in times if time), default=None)

    def _info(self, path: Any) -> dict[str, Any] | None:
        self._fs.invalidate_cache(_key(path.parent))
        try:
            return self._fs.info(_key(path))
        except NOTHING:
            return None

    def _objects(self, folder: Any) -> dict[str, dict[str, Any]]:
        """The objects directly below an address, by name, without prefixes."""
        return {name: info for name, info in self._listed(folder).items() if info.get("type") != "directory"}

    def _listed(self, folder: Any) -> dict[str, dict[str, Any]]:
        """What is directly below an address, by name."""
        base = _key(folder).rstrip("/")
        self._fs.invalidate_cache(base)
        try:
            found = self._fs.ls(base, detail=True)
        except NOTHING:
            return {}
        names = ((info["name"].rstrip("/").rpartition("/")[2], info) for info in found)
        # Some programs mark a folder by an object of its own name.
        return {name: info for name, info in names if name and info["name"].strip("/") != base.strip("/")}


def _written(info: dict[str, Any]) -> datetime | None:
    """When an object was written; None when the store does not say."""
    told = info.get("LastModified") or info.get("last_modified") or info.get("created")
    return told if isinstance(told, datetime) else None


def _identity(info: dict[str, Any]) -> str:
    """What a store says of an object that another of the same name does not have."""
    told = [info.get(name) for name in ("ETag", "etag", "LastModified", "last_modified", "mtime", "created", "size")]
    return " ".join(str(value) for value in told if value is not None)


def _key(path: Any) -> str:
    """The name of an object as its file system wants it."""
    return path.path
