"""What the SQL asks of the site's data folder. It is at hand when the connection's extra says where (`dataroot`)."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from toolsync.cabinet import folder_at
from toolsync.moodle import MoodleSession

_released: WeakKeyDictionary[MoodleSession, set[str]] = WeakKeyDictionary()


def installed_languages(rows: Iterable[tuple[str]], session: MoodleSession) -> list[tuple[str]]:
    """Those of some language codes that the site has a pack of. English always; all when there is no data folder.

    :param rows: one code each.
    """
    address = session.extra.get("dataroot")
    if not address:
        return list(rows)
    packs = folder_at(address) / "lang"
    return [(code,) for (code,) in rows if code == "en" or (packs / code / "langconfig.php").exists()]


def deletable(rows: Iterable[tuple[int, str]], session: MoodleSession) -> list[tuple[int]]:
    """The rows of `files` that may be deleted now: all when the data folder is at hand, so that `sweep` can follow.

    :param rows: id and content hash of files to delete.
    """
    if not session.extra.get("dataroot"):
        return []
    gone = list(rows)
    _released.setdefault(session, set()).update(content_hash for _, content_hash in gone)
    return [(id_,) for id_, _ in gone]


def sweep(session: MoodleSession) -> int:
    """After a commit: contents of deleted files that nothing refers to any more go into the site's trash.

    After a roll-back it does no harm: what is referred to stays.

    :return: how many went.
    """
    from toolsync.file_pool import FilePool

    released = _released.pop(session, set())
    return FilePool(session.extra["dataroot"]).discard_unused(released, session) if released else 0
