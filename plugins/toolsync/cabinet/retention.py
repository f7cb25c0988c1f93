"""How long the cabinet keeps what is done: archived files, reports, Data Docs. What a person may still need stays, and what Tool Sync did not write."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from toolsync.cabinet.claims import CLAIM_ID, moment_of
from toolsync.cabinet.storage import files_at
from toolsync.settings import WrongSetting, number, place
from toolsync.sites import Site

ID = re.compile(CLAIM_ID)
# The names that Tool Sync gives in each folder. Reports go last: they say what became of the others.
NAMES = {
    "archive": re.compile(rf"(?!\.)(?s:.+)_({CLAIM_ID})(?:_tryback(?:~\d+)?)?(?:\.[^.]+)?"),
    "docs": re.compile(rf"(?!\.)(?s:.+)_({CLAIM_ID})_validation[\w.]*"),
    "report": re.compile(rf"(?!\.)(?s:.+)_({CLAIM_ID})_(?:simulation_report|report|answer|plan|missing)[\w.]*"),
}
# While a file lies here whose name has the id, nothing of that file goes.
HOLDING = ("work", "tryback")
SETTINGS = {"archive": "archive_days", "docs": "docs_days", "report": "report_days"}
TOTAL = "total_gb"
GB = 10**9
YOUNG = timedelta(days=1)  # what is younger does not go for the sake of space


class Kept(NamedTuple):
    """A file that is kept for a time.

    :param claim: the id in its name.
    :param at: when it was written, or claimed if that was later.
    """

    type: str
    folder: str
    name: str
    claim: str
    size: int
    at: datetime


@dataclass(frozen=True)
class Limits:
    """How much is kept; None: for ever.

    :param days: by folder.
    :param total: bytes of all these files.
    """

    days: Mapping[str, float | None]
    total: float | None

    @classmethod
    def of(cls, page: Mapping[str, Any]) -> Limits:
        """The limits that the settings give.

        :raises WrongSetting: section `retention` has something else.
        """
        section = page.get("retention") or {}
        if not isinstance(section, dict) or (unknown := set(section) - {*SETTINGS.values(), TOTAL}):
            given = ", ".join(sorted(map(str, unknown))) if isinstance(section, dict) else repr(section)
            raise WrongSetting(
                f"{place(page, 'retention')}: expected {', '.join(SETTINGS.values())} and {TOTAL}, found {given}."
            )
        days = {folder: number(page, "retention", name, least=1) for folder, name in SETTINGS.items()}
        total = number(page, "retention", TOTAL, least=0.001)
        return cls(days, None if total is None else total * GB)

    @property
    def unset(self) -> bool:
        """Whether everything is kept for ever."""
        return self.total is None and not any(self.days.values())


def survey(root: Any, site: Site | None = None) -> tuple[list[Kept], set[tuple[str, str]]]:
    """What there is in a cabinet.

    :param root: the folder that holds the types' folders.
    :param site: whose cabinet it is; None: the only one's.
    :return: the files that are kept for a time, of all types; and (type, claim) of what must stay as it is, because the file is still at work, or its
        tryback waits.
    """
    files, found = files_at(root, site), []
    held: set[tuple[str, str]] = set()
    for of_type in files.entries(root):
        if isinstance(of_type, Path) and (of_type.is_symlink() or not of_type.is_dir()):
            continue
        for folder in HOLDING:
            names = (path.name for path in files.entries(of_type / folder))
            held.update((of_type.name, claim) for name in names for claim in ID.findall(name))
        for folder, pattern in NAMES.items():
            for name, (size, written) in files.details(of_type / folder).items():
                if match := pattern.fullmatch(name):
                    at = max(written, _moment(match[1]))
                    found.append(Kept(of_type.name, folder, name, match[1], size, at))
    return found, held


def due(
    found: Iterable[Kept], held: set[tuple[str, str]], limits: Limits, now: datetime
) -> tuple[list[tuple[Kept, str]], int]:
    """What goes: what is too old, and, the oldest first, what there is too much of.

    :param found: as `survey` returns it, and `held`, too.
    :return: (file, why) of each, in the order in which they are to go; and how many bytes there are too many afterwards, which may not go.
    """
    claims: dict[tuple[str, str], list[Kept]] = defaultdict(list)
    for file in found:
        claims[file.type, file.claim].append(file)
    goes = [pair for key, of_claim in claims.items() if key not in held for pair in _too_old(of_claim, limits, now)]
    if limits.total is None:
        return goes, 0
    gone = {file for file, _ in goes}
    left = {key: [file for file in of_claim if file not in gone] for key, of_claim in claims.items()}
    over = sum(file.size for of_claim in left.values() for file in of_claim) - limits.total
    for key, of_claim in sorted(left.items(), key=lambda item: max((file.at for file in item[1]), default=now)):
        if over <= 0:
            break
        if key in held or not of_claim or now - max(file.at for file in of_claim) < YOUNG:
            continue
        goes += [(file, f"more than {TOTAL} in all") for file in of_claim]
        over -= sum(file.size for file in of_claim)
    return goes, max(0, int(over))


def _too_old(of_claim: list[Kept], limits: Limits, now: datetime) -> Iterator[tuple[Kept, str]]:
    """The files of one claim that go because of their age; its report only when nothing else is left.

    Age counts from its end, when its report was written: a file keeps its time when it is moved into the archive.
    """
    stays, ended = False, max(file.at for file in of_claim)
    for folder in NAMES:
        files, days = [file for file in of_claim if file.folder == folder], limits.days[folder]
        if not files:
            continue
        if days is None or now - ended < timedelta(days=days):
            stays = True
        elif folder != "report" or not stays:
            yield from ((file, f"older than {SETTINGS[folder]}") for file in files)


def _moment(claim: str) -> datetime:
    try:
        return moment_of(claim)
    except ValueError:  # digits that are no moment
        return datetime.max.replace(tzinfo=UTC)
