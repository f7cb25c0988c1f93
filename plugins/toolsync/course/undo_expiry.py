"""How long undo bundles are kept, and the contents of files that they need."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from typing import Any

from toolsync.cabinet.bundles import FOLDER, Bundle, bundles, contents_of_all
from toolsync.cabinet.folders import FILE, Cabinet
from toolsync.cabinet.retention import ID
from toolsync.cabinet.storage import files_at, folder_at
from toolsync.course.undo_bundles import BY_COURSE, UNDOABLE, indexes, remove_bundle, timestamp
from toolsync.moodle.file_pool import FilePool, at_hand
from toolsync.running.state import RunState
from toolsync.sites import Site

# The context of the site's first administrator, and the id of a new draft area.
OF_ADMINISTRATOR = """
SELECT x.id, UNIX_TIMESTAMP()
  FROM {config} a
  JOIN {context} x ON x.contextlevel = 30 AND x.instanceid = CAST(SUBSTRING_INDEX(a.value, ',', 1) AS UNSIGNED)
 WHERE a.name = 'siteadmins'
"""
# Rows of an old draft area of the site's first administrator, for contents that no other row refers to.
DRAFTS = """
INSERT INTO {files} (contenthash, pathnamehash, contextid, component, filearea, itemid, filepath, filename, userid, filesize, timecreated, timemodified)
SELECT c.contenthash, c.pathnamehash, x.id, 'user', 'draft', c.draftid, '/', c.contenthash, x.instanceid, 0, c.draftid - 432000, c.draftid - 432000
  FROM toolsync_content c
  JOIN {context} x ON x.id = c.contextid
 WHERE NOT EXISTS (SELECT 1 FROM {files} f WHERE f.contenthash = c.contenthash)
"""


def held_contents(site: Site) -> set[str]:
    """The hashes of the file contents that a site's bundles refer to. They must stay in its data folder, or rows would come back without them."""
    of_courses = {
        content
        for file_type in UNDOABLE
        for _, index in indexes(Cabinet(file_type, site))
        for content in index["contents"]
    }
    return of_courses.union(*map(contents_of_all, cabinets(site)))


def cabinets(site: Site) -> list[Cabinet]:
    """The cabinets of a site's types that have bundles, as far as that can be told without looking into a store."""
    root = folder_at(site.cabinet_url)
    found = files_at(root, site).entries(root)
    return [Cabinet(path.name, site) for path in found if not isinstance(path, Path) or (path / FOLDER).is_dir()]


def expire(cabinet: Cabinet, state: RunState, days: float | None, *, only: Collection[str] | None = None) -> int:
    """Remove old bundles of a type, and the file contents that nothing refers to any more.

    :param days: how old a bundle may become; None: as old as it likes.
    :param only: the names of those that may go, of a run the id of its claim; None: all.
    :return: the number of removed bundles.
    """
    old = [(name, index) for name, index in expired(cabinet, days) if only is None or name in only]
    runs = [bundle for bundle, _ in expired_runs(cabinet, days) if only is None or bundle.claim_id in only]
    contents = {content for _, index in old for content in index["contents"]}
    contents = contents.union(*(bundle.contents() for bundle in runs))
    for name, _ in old:
        remove_bundle(cabinet, name)
    for bundle in runs:
        bundle.remove()
    if contents and (unheld := contents - held_contents(cabinet.site)):
        _discard(unheld, state)
    # Of runs that have a bundle for each course, an index goes besides.
    return len(old) if cabinet.file_type in BY_COURSE else len(old) + len(runs)


def expired(cabinet: Cabinet, days: float | None) -> list[tuple[str, dict[str, Any]]]:
    """The bundles of courses of a type that are too old: name and index of each. One of a run that is about to be undone stays.

    :param days: how old a bundle may become; None: as old as it likes.
    """
    if days is None or cabinet.root.name not in UNDOABLE:
        return []
    oldest = timestamp(_oldest(days))
    old = [(name, index) for name, index in indexes(cabinet) if index["made"] < oldest]
    undone = _being_undone(cabinet.site) if old else set()
    return [(name, index) for name, index in old if undone.isdisjoint(ID.findall(name))]


def expired_runs(cabinet: Cabinet, days: float | None) -> list[tuple[Bundle, str]]:
    """The bundles of runs of a type that are too old, with the time when each was made. One whose file is still at work stays, or that is about to be undone.

    :param days: how old a bundle may become; None: as old as it likes.
    """
    if days is None:
        return []
    oldest = _oldest(days)
    # The id of a claim begins with its time, so of thousands of bundles only old ones are looked into.
    found = [bundle for bundle in bundles(cabinet) if bundle.claim_id < f"{oldest:%Y%m%d-%H%M%S-%f}"]
    at_work = {path.name for path in cabinet.files.entries(cabinet.folder("work"))} if found else set()
    at_work |= _being_undone(cabinet.site) if found else set()
    made = [(bundle, (bundle.index() or {}).get("made", "")) for bundle in found if bundle.claim_id not in at_work]
    return [(bundle, at) for bundle, at in made if at < timestamp(oldest)]


def _being_undone(site: Site) -> set[str]:
    """The runs that files at work undo: somebody has seen the plan, or a part is put back already."""
    cabinet = Cabinet("undo", site)
    work = cabinet.folder("work")
    files = [work / name for name in cabinet.files.tree(work) if f"/{FILE}/" in name]
    found: set[str] = set()
    for path in files:
        with suppress(FileNotFoundError):  # its run has just ended
            found.update(ID.findall(cabinet.files.read(path).decode(errors="replace")))
    return found


def _oldest(days: float) -> datetime:
    """The moment from which on bundles are kept."""
    try:
        return datetime.now(UTC) - timedelta(days=days)
    except OverflowError:  # more days than the calendar has
        return datetime.min.replace(tzinfo=UTC)


def _discard(contents: set[str], state: RunState) -> None:
    """Discard file contents: into the site's trash, or, where its data folder can't be reached, by way of draft files, which Moodle's daily cron deletes."""
    session = state.session
    if at_hand(session):
        FilePool(session.extra["dataroot"]).discard_unused(contents, session)
        return
    columns = ("contenthash", "pathnamehash", "contextid", "draftid")
    state.tables.create(
        "toolsync_content",
        "contenthash VARCHAR(40) NOT NULL PRIMARY KEY, pathnamehash VARCHAR(40) NOT NULL, contextid BIGINT NOT NULL, draftid BIGINT NOT NULL",
    )
    for context, draft in session.rows(OF_ADMINISTRATOR):
        paths = {content: f"/{context}/user/draft/{draft}/{content}" for content in contents}
        rows = [(content, sha1(path.encode()).hexdigest(), context, draft) for content, path in paths.items()]
        state.tables.load("toolsync_content", columns, rows)
    session.execute(DRAFTS)
    state.tables.drop()
    state.commit()
