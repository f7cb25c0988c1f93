"""Whether a cabinet is still there tomorrow: workers come and go, and what is only on one of them goes with it."""

from __future__ import annotations

import re
from pathlib import Path

from toolsync.cabinet.storage import folder_at
from toolsync.sites import CABINET, Site

MOUNTS = Path("/proc/mounts")
# File systems whose content goes when the machine or the container does.
FLEETING = {
    **dict.fromkeys(("tmpfs", "ramfs"), "in the memory of this machine ({kind}): a restart empties it"),
    **dict.fromkeys(
        ("overlay", "aufs", "fuse.fuse-overlayfs"),
        "in the container's own layer ({kind}): it goes when the container is replaced",
    ),
}
DO = (
    f"Let the environment variable {CABINET}, or cabinet.address of the settings, name a folder that is kept and that all workers share, such as a mounted "
    "volume, or an object store; every process of Airflow needs it (docs/cabinet.md)."
)


def why_lost(site: Site) -> str | None:
    """Why a site's cabinet may be lost, with all that waits in it; None: nothing is known against it."""
    folder = folder_at(site.cabinet_url)
    if not isinstance(folder, Path):
        return None
    if (kind := file_system(folder)) in FLEETING:
        return f"The cabinet {site.cabinet_shown} is {FLEETING[kind].format(kind=kind)}, with files that wait, trybacks and undo bundles."
    if site.has_default_cabinet:
        return f"Nothing says where the cabinet is, so it is in {site.cabinet_shown}, by default. Another worker, or one that replaces it, does not have it."
    return None


def file_system(path: Path) -> str | None:
    """The type of the file system that a path is on, `ext4`; None where the system does not tell.

    :param path: it need not be there.
    """
    try:
        mounted = [line.split() for line in MOUNTS.read_text().splitlines()]
    except OSError:
        return None
    place = path.absolute().resolve()
    on = [(Path(_unescaped(at)), kind) for _, at, kind, *_ in mounted]
    holding = [(len(at.parts), number, kind) for number, (at, kind) in enumerate(on) if place.is_relative_to(at)]
    return max(holding)[2] if holding else None


def _unescaped(text: str) -> str:
    """A path of /proc/mounts, in which a blank is `\\040`."""
    return re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), text)
