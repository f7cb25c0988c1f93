"""The manifest of a OneRoster package: its version, and whether each file is bulk, a delta or absent."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from toolsync.feeds.archive import PackageFile
from toolsync.feeds.kinds import KINDS, USERS_1_2, PackageRejected
from toolsync.reading.encodings import CODECS

MANIFEST = "manifest.csv"
VERSIONS = ("1.1", "1.2")
MODES = ("bulk", "delta", "absent")
FILE = "file."
CHARACTERS = 100_000  # of a manifest: it has some twenty short lines


class Manifest:
    """What the manifest says.

    :param files: those of the package.
    :ivar version: `1.1` or `1.2`.
    :ivar modes: by file: `bulk`, `delta` or `absent`.
    :ivar rows: as they are written.
    :raises PackageRejected: it makes no sense, or is not true of the package.
    """

    def __init__(self, files: list[PackageFile]) -> None:
        self.files = {file.name.casefold(): file for file in files}
        manifest = self.files[MANIFEST]
        with manifest.path.open(encoding=CODECS[manifest.encoding], errors="replace", newline="") as stream:
            text = stream.read(CHARACTERS).removeprefix("\ufeff")
        first = text.partition("\n")[0]
        delimiter = next((each for each in ",;\t|" if each in first), ",")
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=delimiter)]
        self.rows = [(row[0], row[1] if len(row) > 1 else "") for row in rows if row and row[0]]
        if not self.rows or self.rows[0][0].casefold() != "propertyname":
            raise PackageRejected([f"{MANIFEST}: expected a header propertyName,value"])
        said = {name.casefold(): value for name, value in self.rows[1:]}
        reasons: list[str] = []
        for name, value in self.rows[1:]:
            if value != said[name.casefold()]:
                reasons.append(f"{MANIFEST}, {name}: it is there twice, as {value!r} and as {said[name.casefold()]!r}")
        self.version = said.get("oneroster.version", "").removeprefix("v")
        if self.version not in VERSIONS:
            reasons.append(f"{MANIFEST}, oneroster.version: expected {' or '.join(VERSIONS)}, found {self.version!r}")
        self.modes: dict[str, str] = {}
        known = [file.name for file in KINDS["oneroster"].files] + sorted(KINDS["oneroster"].looked_at)
        for name in known:
            mode = said.get(f"{FILE}{name}".casefold(), "").lower()
            here = f"{name}.csv".casefold() in self.files
            if mode and mode not in MODES:
                reasons.append(f"{MANIFEST}, {FILE}{name}: expected bulk, delta or absent, found {mode!r}")
            elif mode in MODES[:2] and not here:
                reasons.append(f"{MANIFEST}, {FILE}{name}: it says {mode}, but there is no {name}.csv in the package")
            elif not mode and here and name not in KINDS["oneroster"].looked_at:
                reasons.append(
                    f"{MANIFEST}: {FILE}{name} is missing, so nothing says whether {name}.csv is bulk or delta"
                )
            self.modes[name] = mode or "absent"
        if reasons:
            raise PackageRejected(reasons)

    def notes(self) -> Iterator[str]:
        """What is in the package and not read."""
        for name, mode in self.modes.items():
            if f"{name}.csv".casefold() not in self.files:
                continue
            if mode == "absent":
                yield f"{name}.csv is not read: the manifest says that it is absent"
        known = {MANIFEST, *(f"{name}.csv".casefold() for name in self.modes)}
        for name, file in self.files.items():
            if name not in known:
                yield f"{file.name} is not read: OneRoster has no such file"

    def suite(self, name: str) -> str:
        """The name of the suite of a file in this version."""
        return USERS_1_2 if name == "users" and self.version != VERSIONS[0] else name
