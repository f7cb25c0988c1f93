"""The files that a run has looked at and left in the inbox: simulated, not approved, not readable. The watch of an inbox starts no other run for them.

Each has a mark: an empty file in the folder `seen`, named after the file's name, time and size. A file that was changed, or dropped anew, has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha1

from toolsync.cabinet.folders import Cabinet

FOLDER = "seen"
MARK = re.compile("[0-9a-f]{40}")


def marks(cabinet: Cabinet) -> dict[str, str]:
    """The marks that the files of the inbox would have, by their names."""
    there = cabinet.files.identities(cabinet.folder("inbox"))
    return {
        name: sha1(f"{name}\0{identity}".encode(errors="surrogateescape")).hexdigest()
        for name, identity in there.items()
    }


def mark(cabinet: Cabinet, made: Iterable[str]) -> None:
    """Say that a run has looked at files which stay in the inbox.

    :param made: their marks, as they were when the run looked.
    """
    for name in made:
        cabinet.files.make_folder(cabinet.folder(FOLDER))
        cabinet.files.write(cabinet.folder(FOLDER) / name, b"")


def unseen(cabinet: Cabinet, settle_seconds: float) -> dict[str, str]:
    """The files of the inbox that are ready and that no run has looked at: their marks, by their names.

    Marks of files that are gone go, too: a file that is dropped anew is a new one, even if it looks the same.

    :param settle_seconds: a file that changed less long ago is not ready.
    """
    made = {path.name for path in cabinet.files.entries(cabinet.folder(FOLDER)) if MARK.fullmatch(path.name)}
    # Looked at afterwards: a file is there before its mark is.
    would_have = marks(cabinet)
    for name in made - set(would_have.values()):
        with suppress(OSError):
            cabinet.files.remove(cabinet.folder(FOLDER) / name)
    if made.issuperset(would_have.values()):
        return {}
    ready, _ = cabinet.waiting("*", settle_seconds)
    return {name: would_have[name] for name in ready if name in would_have and would_have[name] not in made}
