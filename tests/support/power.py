"""A power cut: what of a folder is certain to be on the disk at a moment.

POSIX promises no more than this: the content that a file had at its last fsync, and the names that a folder had at its last fsync. `PowerCut` notes both
while a program runs, from its calls of `os.fsync`, and builds the folder as the strictest file system would have it after the cut. With a random generator, what
is not certain may survive as well, piece by piece, as on a file system that was just about to write it. A file that was being moved may have both names then,
but never none: every file system renames in one piece.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class PowerCut:
    """Notes what is durable below a folder.

    :param root: the folder. That it is there itself is taken as certain.
    :ivar contents: the content of files at their last fsync, by inode.
    :ivar names: the names in folders at their last fsync, with the inode and whether it is a folder, by the folder's inode.
    """

    root: Path
    contents: dict[int, bytes] = field(default_factory=dict)
    names: dict[int, dict[str, tuple[int, bool]]] = field(default_factory=dict)
    _moving: set[int] = field(default_factory=set)

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Note each fsync of this process from now on; what is there already is durable."""
        for folder in [self.root, *(path for path in self.root.rglob("*") if path.is_dir())]:
            self._note_folder(folder)
        for path in self.root.rglob("*"):
            if path.is_file():
                self.contents[path.stat().st_ino] = path.read_bytes()
        fsync: Callable[[int], None] = os.fsync

        def noted(descriptor: int) -> None:
            fsync(descriptor)
            self._note(Path(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor).st_ino)

        monkeypatch.setattr(os, "fsync", noted)

    def image(self, target: Path, chance: random.Random | None = None) -> None:
        """Build the folder as it is after a power cut now.

        :param target: where; it does not exist.
        :param chance: decides what else survives; None: nothing.
        """
        self._moving = self._moving_now()
        self._build_inode(self.root.stat().st_ino, self.root, target, chance, {})

    def _moving_now(self) -> set[int]:
        """The files whose present name is not certain."""
        return {
            path.stat().st_ino
            for path in self.root.rglob("*")
            if path.is_file() and path.name not in self.names.get(path.parent.stat().st_ino, {})
        }

    def _note(self, path: Path, inode: int) -> None:
        if path.is_dir():
            self._note_folder(path)
        else:
            self.contents[inode] = path.read_bytes()

    def _note_folder(self, folder: Path) -> None:
        entries = {entry.name: (entry.inode(), entry.is_dir(follow_symlinks=False)) for entry in os.scandir(folder)}
        self.names[folder.stat().st_ino] = entries

    def _build_inode(
        self, inode: int, now: Path | None, target: Path, chance: random.Random | None, built: dict[int, Path]
    ) -> None:
        """Build a folder.

        :param built: the files that are there already, by inode.
        """
        target.mkdir()
        certain = self.names.get(inode, {})
        present = {entry.name: (entry.inode(), entry.is_dir()) for entry in os.scandir(now)} if now else {}
        for name in {*certain, *present}:
            found = certain.get(name)
            if chance and chance.random() < 0.5 and not (found and name not in present and found[0] in self._moving):
                found = present.get(name)
            if found is None:
                continue
            child, is_folder = found
            path = now / name if now and present.get(name, (0, False))[0] == child else None
            if is_folder:
                self._build_inode(child, path, target / name, chance, built)
            elif child in built:
                (target / name).hardlink_to(built[child])
            else:
                content: Any = self.contents.get(child, b"")
                if chance and path and chance.random() < 0.5:
                    content = path.read_bytes()
                (target / name).write_bytes(content)
                built[child] = target / name
