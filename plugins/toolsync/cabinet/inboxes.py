"""The folders of all types, made before anybody needs them."""

from __future__ import annotations

from pathlib import Path

from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.storage import folder_at
from toolsync.settings import INCLUDE
from toolsync.sites import Site

# Types that find their lines themselves: nobody drops files for them.
WITHOUT_INBOX = {"categories_clean"}


def make_inboxes(site: Site) -> None:
    """Make the folders of a site's types that take files, so that people can drop some before a DAG has run. In an object store there is nothing to make.

    :raises OSError: they can't be made.
    """
    if not isinstance(folder_at(site.cabinet_url), Path):
        return
    for file_type in with_inbox():
        Cabinet(file_type, site)


def inbox_is_there(site: Site, file_type: str) -> bool:
    """Whether a type has the inbox that it should have. Who only looks makes none: where a disk is not mounted, an empty one would hide that."""
    root = folder_at(site.cabinet_url)
    if not isinstance(root, Path) or file_type not in with_inbox():
        return True
    # What is no folder at all can't be used, which is told by whoever tries.
    return (root / file_type / "inbox").is_dir() or (root.exists() and not root.is_dir())


def with_inbox() -> list[str]:
    """The types whose inboxes are made when Airflow starts."""
    samples = (INCLUDE / "samples").iterdir()  # there is one of each type
    return sorted(sample.stem for sample in samples if sample.stem not in WITHOUT_INBOX)
