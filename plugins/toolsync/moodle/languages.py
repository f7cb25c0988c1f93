"""What the SQL asks of the site's data folder. It is at hand when the connection's extra says where (`dataroot`)."""

from __future__ import annotations

from collections.abc import Iterable

from toolsync.cabinet.folders import folder_at
from toolsync.moodle.session import MoodleSession


def installed_languages(rows: Iterable[tuple[str]], session: MoodleSession) -> list[tuple[str]]:
    """Those of some language codes that the site has a pack of. English always; all when there is no data folder.

    :param rows: one code each.
    """
    address = session.extra.get("dataroot")
    if not address:
        return list(rows)
    packs = folder_at(address) / "lang"
    return [(code,) for (code,) in rows if code == "en" or (packs / code / "langconfig.php").exists()]
