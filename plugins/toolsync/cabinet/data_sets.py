"""What the site has of a data set, as files: a hash for each thing that lines of its last file are about.

    data_sets/<name>          a line of JSON: of which site and file, with which columns and Params; then 16 bytes for each thing, in order
    data_set_values/<name>    of what its files wrote, if Param `keep_manual_changes` is set: see `data_sets/memory.py`

It may know less than the site has, never more: then lines run again, and change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from toolsync.cabinet.folders import Cabinet

FOLDER, WRITTEN = "data_sets", "data_set_values"
FORMAT = 1
ENTRY = 16  # bytes of a hash
WHOLE = "full@"  # begins the name, none of a data set, under which the number of lines of a whole export without one is kept


@dataclass
class State:
    """What is known of the last file of a data set.

    :param claim: of the run that applied it; empty: that was undone.
    :param file: its name.
    :param at: when that run began to change the site, or ended: a moment in ISO 8601.
    :param lines: the number of its lines.
    :param settled: False as long as that run is at work, or where it died: `entries` are then what it leaves alone.
    :param since: the number of runs since the whole file was applied.
    :param bound: what has to be the same for a file to be compared with it, by what it is called; empty: only its length is known.
    :param remembered: the run up to which all that was written is remembered; empty: what is remembered can't be trusted.
    :param salt: goes into each hash, so that nobody can look them up in a table.
    :param entries: the hashes, in order.
    :param lines_before: the number of lines of the file before.
    :param lines_of: the file that `lines` is of, which need not be the last one; empty: not known.
    :param whole: whether that file stated the whole truth.
    """

    claim: str
    file: str
    at: str
    lines: int
    settled: bool
    since: int
    bound: Mapping[str, Any]
    remembered: str
    salt: str
    entries: bytes = b""
    lines_before: int = 0
    lines_of: str = ""
    whole: bool = False

    @property
    def token(self) -> str:
        """What tells it from the state before and after it."""
        return f"{self.claim} {self.settled}"


class DataSet:
    """The state of a data set in the cabinet.

    :param cabinet: of the type.
    :param name: of the data set.
    """

    def __init__(self, cabinet: Cabinet, name: str) -> None:
        self.cabinet = cabinet
        self.name = name

    @property
    def path(self) -> Any:
        return self.cabinet.folder(FOLDER) / self.name

    def state(self) -> State | None:
        """What is known of its last file; None: nothing, or nothing that this version of Tool Sync can read."""
        try:
            head, _, entries = self.cabinet.files.read(self.path).partition(b"\n")
        except FileNotFoundError:
            return None
        try:
            told = json.loads(head)
            if told.pop("format") != FORMAT or told.pop("entries") * ENTRY != len(entries):
                return None
            return State(**told, entries=entries)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    def keep(self, state: State) -> None:
        """Let a state be the one. It is durable when this returns."""
        told = {"format": FORMAT, **asdict(state), "entries": len(state.entries) // ENTRY}
        self.cabinet.files.make_folder(self.cabinet.folder(FOLDER))
        self.cabinet.files.write(self.path, json.dumps(told, ensure_ascii=False).encode() + b"\n" + state.entries)

    def written(self) -> bytes:
        """What is remembered of what its files wrote; empty: nothing."""
        try:
            return self.cabinet.files.read(self.cabinet.folder(WRITTEN) / self.name)
        except FileNotFoundError:
            return b""

    def keep_written(self, content: bytes) -> None:
        """Remember what its files wrote. It is durable when this returns."""
        self.cabinet.files.make_folder(self.cabinet.folder(WRITTEN))
        self.cabinet.files.write(self.cabinet.folder(WRITTEN) / self.name, content)

    def drop(self) -> None:
        """Forget its last file: the next one is applied wholly."""
        self.cabinet.files.remove(self.path)
        self.cabinet.files.remove(self.cabinet.folder(WRITTEN) / self.name)

    def begin_anew(self, undone: str) -> bool:
        """Forget what its last file said, but not how long it was: the next one is applied wholly, unless it is too short.

        :param undone: the run that is undone. The file of an undone run is no measure: the one before it is.
        :return: whether anything was known.
        """
        if (state := self.state()) is None:
            self.drop()
            return False
        if state.claim == undone:
            state = replace(state, lines=state.lines_before, lines_of="")
        self.keep(replace(state, claim="", settled=True, since=0, bound={}, remembered="", salt="", entries=b""))
        self.cabinet.files.remove(self.cabinet.folder(WRITTEN) / self.name)
        return True
