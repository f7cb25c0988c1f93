"""The JSON files in the work folder of a claim, by which its tasks pass on what they know."""

from __future__ import annotations

from typing import Any

from toolsync.cabinet.disk import Disk
from toolsync.cabinet.json_bytes import as_json, from_json
from toolsync.cabinet.store import Store


class UnreadableRecord(Exception):
    """A record is there, and it is not JSON."""


class Records:
    """The records below one folder. What `save` has written is durable.

    In an object store each request counts, so there the names are listed once, and a value is read once: a claim is worked on by one task at a time.

    :param files: the files of the cabinet.
    :param folder: the claim's work folder.
    :param sizes: what `sizes` would return of a store, if that is known.
    """

    def __init__(self, files: Disk | Store, folder: Any, sizes: dict[str, int] | None = None) -> None:
        self._files = files
        self._folder = folder
        self._sizes = sizes
        self._read: dict[str, bytes] = {}

    def sizes(self) -> dict[str, int]:
        """The sizes of the files below the folder, by their path from there."""
        if self._sizes is None or self._files.local:
            self._sizes = self._files.tree(self._folder)
        return self._sizes

    def gone(self, name: str) -> None:
        """Know that a file below the folder is no longer there."""
        if self._sizes is not None:
            self._sizes.pop(name, None)

    def save(self, name: str, value: Any) -> None:
        """Keep a value."""
        content = as_json(value)
        self._files.write(self._folder / name, content)
        if not self._files.local:
            self.sizes()[name] = len(content)
            self._read[name] = content

    def saved(self, name: str, kind: Any = Any) -> Any:
        """A value; None when there is none.

        :param kind: as for `from_json`.
        :raises UnreadableRecord: there is a file of that name which is not JSON.
        """
        content = self._content(name)
        if content is None:
            return None
        try:
            return from_json(content, kind)
        except ValueError as error:
            raise UnreadableRecord(
                f"The record {self._folder / name} can't be read ({error}). The command file is beside it, in the folder file. "
                "Put the record back from a backup, or give the file up as docs/cabinet.md says. Other files are not concerned."
            ) from None

    def forget(self, name: str) -> None:
        """Remove a value."""
        if self._files.local or name in self.sizes():
            self._files.remove(self._folder / name)
        self.sizes().pop(name, None)
        self._read.pop(name, None)

    def _content(self, name: str) -> bytes | None:
        if not self._files.local:
            if name not in self.sizes():
                return None
            if name not in self._read:
                try:
                    self._read[name] = self._files.read(self._folder / name)
                except FileNotFoundError:  # somebody has ended the claim since the names were listed
                    return None
            return self._read[name]
        try:
            return self._files.read(self._folder / name)
        except (FileNotFoundError, NotADirectoryError):
            return None
