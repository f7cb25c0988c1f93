"""The language packs installed in the site's data folder."""

from __future__ import annotations

from collections.abc import Iterable

from toolsync.cabinet.storage import folder_at
from toolsync.moodle.session import MoodleSession


def installed_languages(rows: Iterable[tuple[str]], session: MoodleSession) -> list[tuple[str]]:
    """Keep the language codes whose pack is installed. English always is; without a `dataroot` in the connection's extra all are kept.

    :param rows: one language code each.
    """
    address = session.extra.get("dataroot")
    if not address:
        return list(rows)
    packs = folder_at(address) / "lang"
    return [(code,) for (code,) in rows if code == "en" or (packs / code / "langconfig.php").exists()]
