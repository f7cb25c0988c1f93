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


def with_inbox() -> list[str]:
    """The types whose inboxes are made when Airflow starts."""
    samples = (INCLUDE / "samples").iterdir()  # there is one of each type
    return sorted(sample.stem for sample in samples if sample.stem not in WITHOUT_INBOX)
