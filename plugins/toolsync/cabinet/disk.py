"""Files on this machine. What a method here has written is on the disk, with its name, when the method returns: it outlives a power cut."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from filecmp import cmp
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from toolsync.sites import Site, the_site

# A file system that can't do this for folders or has no such locks says so in one of these ways.
UNSUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.ENOLCK}
REFUSED = {errno.EWOULDBLOCK, errno.EACCES}  # a lock that another process holds
NO_LINKS = {errno.EPERM, errno.EMLINK, *UNSUPPORTED}


class NoLocks(Exception):
    """The file system has no locks."""


class Disk:
    """Reads and writes files in folders of this machine.

    :param site: whose files they are; None: the only one.
    """

    local = True

    def __init__(self, site: Site | None = None) -> None:
        self._folder_mode, self._file_mode = (site or the_site()).cabinet_modes

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those that it is in, unless they are there."""
        if folder.is_dir():
            return
        self.make_folder(folder.parent)
        with suppress(FileExistsError):  # another process made it
            folder.mkdir(self._folder_mode)
            _set_mode(folder, self._folder_mode)
        sync_folder(folder.parent)

    def exists(self, path: Path) -> bool:
        """Whether there is a file or folder of this name."""
        return os.path.lexists(path)

    def entries(self, folder: Path) -> list[Path]:
        """What is in a folder, by name; nothing when the folder is not there."""
        try:
            return sorted(folder.iterdir(), key=lambda path: path.name)
        except FileNotFoundError:
            return []

    def details(self, folder: Path) -> dict[str, tuple[int, datetime]]:
        """The sizes of the files of a folder, in bytes, and when they were written, by name. What is no file itself is left out."""
        if folder.is_symlink():
            return {}
        return {
            name: (status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
            for name, status in self._plain_files(folder)
        }

    def identities(self, folder: Path) -> dict[str, str]:
        """What tells the files of a folder from later ones of the same names, by name: time and size, which stay when a file is moved."""
        return {name: f"{status.st_mtime_ns} {status.st_size}" for name, status in self._plain_files(folder)}

    def _plain_files(self, folder: Path) -> Iterator[tuple[str, os.stat_result]]:
        """The files of a folder, by name, with what the system says of them."""
        for path in self.entries(folder):
            with suppress(OSError):  # it is being taken or removed, or is nobody's to look at
                if is_plain_file(path):
                    yield path.name, path.stat()

    def tree(self, folder: Path) -> dict[str, int]:
        """The sizes of all files below a folder, by their path from there."""
        sizes: dict[str, int] = {}
        for path in _below(folder):
            with suppress(FileNotFoundError):  # it is being removed
                if path.is_file():
                    sizes[path.relative_to(folder).as_posix()] = path.stat().st_size
        return sizes

    def read(self, path: Path) -> bytes:
        """The content of a file.

        :raises FileNotFoundError: there is none.
        """
        return path.read_bytes()

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, in the place of an older one of that name."""
        with self.writing(path) as stream:
            stream.write(content)

    @contextmanager
    def writing(self, path: Path) -> Iterator[IO[bytes]]:
        """Write a file that appears complete when the block ends without an error, in the place of an older one of that name."""
        with self._part(path) as (part, stream):
            yield stream
            _sync(stream)
            os.rename(part, path)
        sync_folder(path.parent)

    def add(self, path: Path, source: IO[bytes], age: float = 0) -> bool:
        """Write a file under a name that is free.

        :param age: how long ago it is to have changed, in seconds.
        :return: False: the name is taken, and nothing was written.
        """
        if self.exists(path):
            return False
        with self._part(path) as (part, stream):
            shutil.copyfileobj(source, stream)
            stream.flush()
            os.utime(stream.fileno(), (time.time() - age,) * 2)
            _sync(stream)
            if not _name_exclusively(part, path):
                return False
        sync_folder(path.parent)
        return True

    def reserve(self, path: Path) -> bool:
        """Make an empty file, which holds a name.

        :return: whether the name was free.
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, self._file_mode))
        except FileExistsError:
            return False
        sync_folder(path.parent)
        return True

    def move(self, source: Path, target: Path) -> None:
        """Move a file. It is in one of the two places at any moment, or, after a power cut, in both, with all its content.

        :raises FileNotFoundError: the source is not there.
        """
        with suppress(PermissionError):  # whoever wrote it may keep it from being read: then its name is moved alone
            _sync_content(source)
        os.rename(source, target)
        sync_folder(target.parent)
        sync_folder(source.parent)

    def copy(self, source: Path, target: Path) -> None:
        """Copy the content of a file.

        :raises FileNotFoundError: the source is not there.
        """
        with source.open("rb") as original, self.writing(target) as written:
            shutil.copyfileobj(original, written)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        self.removed(path)

    def removed(self, path: Path) -> bool:
        """Remove a file.

        :return: False: it is not there. Of several that remove one at once, one is told True.
        """
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        sync_folder(path.parent)
        return True

    def remove_names(self, path: Path, folder: Path) -> None:
        """Remove the other names that a file has in a folder."""
        for other in self.entries(folder):
            with suppress(FileNotFoundError):
                # Some file systems give one number to several files.
                same = not other.is_symlink() and other.samefile(path)
                if same and other.stat().st_size == path.stat().st_size and cmp(other, path, shallow=False):
                    self.remove(other)

    def remove_parts(self, folder: Path, word: str) -> None:
        """Remove what `writing` has left half written below a folder because its process was killed.

        :param word: only files whose name has this.
        """
        for part in _below(folder):
            if fnmatchcase(part.name, f".*{word}*.part"):
                self.remove(part)

    def remove_folder(self, folder: Path) -> None:
        """Remove a folder and all it holds, if it is there."""
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(FileNotFoundError):
            sync_folder(folder.parent)

    def lock(self, path: Path) -> int | None:
        """Lock a file, which is made when it is not there, for as long as this process holds the descriptor open.

        :return: the descriptor; None when another process has locked it.
        :raises NoLocks: the file system has no locks.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, self._file_mode)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in UNSUPPORTED:
                raise NoLocks from None
            if error.errno not in REFUSED:
                raise
            return None
        return descriptor

    @contextmanager
    def _part(self, path: Path) -> Iterator[tuple[Path, IO[bytes]]]:
        """A hidden file beside a path, which is removed at the end unless it was renamed."""
        # Two writers of one name have a hidden file each. Long names are cut: a file system allows 255 bytes.
        part = path.parent / f".{os.fsdecode(os.fsencode(path.name)[:200])}.{secrets.token_hex(4)}.part"
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, self._file_mode)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                _set_mode(part, self._file_mode)
                yield part, stream
        finally:
            part.unlink(missing_ok=True)


def _below(folder: Path) -> Iterator[Path]:
    """The files below a folder; none of those in one that is being removed meanwhile, or is nobody's to look into."""

    def failed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError | PermissionError):
            raise error

    for inside, _, names in os.walk(folder, onerror=failed):
        yield from (Path(inside, name) for name in names)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
    finally:
        os.close(descriptor)


def is_plain_file(path: Path) -> bool:
    """Whether it is a file itself, and no link, folder, pipe or device."""
    return stat.S_ISREG(path.lstat().st_mode)


def _set_mode(path: Path, mode: int) -> None:
    """Set permissions, whatever the umask, where the file system has any."""
    try:
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)
    except OSError as error:
        if error.errno not in {errno.EPERM, *UNSUPPORTED}:
            raise


def _sync_content(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _name_exclusively(part: Path, path: Path) -> bool:
    """Give a file its name, unless another has it."""
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        os.rename(part, path)
    return True
