"""A package becomes command files. For tasks only: importing it takes seconds."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any

from toolsync.feeds.archive import PackageFile, PackageFiles, unpacked
from toolsync.feeds.canvas import CanvasMaker
from toolsync.feeds.canvas_files import told_by_columns, told_by_name
from toolsync.feeds.checked_file import PackageProblem
from toolsync.feeds.kinds import KINDS, PackageRejected, suite_of
from toolsync.feeds.making import Maker, Making, Row
from toolsync.feeds.manifest import MANIFEST, Manifest
from toolsync.feeds.mapping import FeedMapping
from toolsync.feeds.oneroster import OneRosterMaker
from toolsync.feeds.origin import Origin
from toolsync.feeds.reader import Table, Tables
from toolsync.feeds.tryback import write_tryback
from toolsync.reading.problems import FileRejected

Out = Callable[[str], AbstractContextManager[IO[bytes]]]
MAKERS: dict[str, type[Maker]] = {"oneroster": OneRosterMaker, "canvas": CanvasMaker}


@dataclass(frozen=True)
class Made:
    """A command file that was made.

    :param file_type: its type.
    :param name: of the file.
    :param lines: the number of its lines, without the header.
    :param params: Params of the type's run.
    """

    file_type: str
    name: str
    lines: int
    params: dict[str, Any]


@dataclass(frozen=True)
class Converted:
    """What became of a package.

    :param source: the package.
    :param mapping: by which it was converted.
    :param kind: `oneroster` or `canvas`.
    :param version: of the standard; empty: the kind has none.
    :param files: in the order in which they have to run.
    :param problems: lines that were left out, in the order of the files of the package.
    :param notes: sentences.
    :param origin: by type, from which lines of the package each line was made.
    """

    source: Any
    mapping: FeedMapping
    kind: str
    version: str
    files: list[Made]
    problems: list[PackageProblem]
    notes: list[str]
    origin: dict[str, Origin]

    def tryback(self, failed: Mapping[str, set[int]], stream: IO[bytes]) -> int:
        """Write a package of the lines that were left out, and of those behind lines of command files that failed.

        It has lines that these refer to, too, where they can't be understood without them. When nothing failed, nothing is written.

        :param failed: lines of command files, by type.
        :return: the number of lines of the package that failed.
        """
        wanted = {(problem.file, problem.line) for problem in self.problems}
        for file_type, lines in failed.items():
            wanted.update(place for line in lines for place in self.origin[file_type].of(line))
        if wanted:
            with unpacked(self.source) as package:
                write_tryback(self.mapping, _contents(package), wanted, stream)
        return len(wanted)


def kind_of(source: Any) -> str:
    """The kind of a package: `oneroster` or `canvas`.

    :param source: a path, or anything with `open("rb")`.
    :raises PackageRejected: it is neither, or hostile.
    """
    with unpacked(source) as package:
        return _kind_of(package)


def convert(source: Any, site_mapping: FeedMapping, out: Out, *, part: bool = False) -> Converted:
    """Make command files of a package.

    :param source: a path, or anything with `open("rb")`.
    :param site_mapping: the mapping of its kind, by `load_mapping`.
    :param out: opens a stream for the command file of a type. It is UTF-8 with a header.
    :param part: it is known to be a tryback, or another part of a package, so that it states no whole truth, whatever it says.
    :raises PackageRejected: it can't be used. Nothing was written.
    """
    with unpacked(source) as package:
        kind = _kind_of(package)
        if kind != site_mapping.kind:
            raise PackageRejected([f"this is a package of the kind {kind}, and the mapping is for {site_mapping.kind}"])
        contents = _contents(package)
        tables = _read(contents, site_mapping, part=part or package.is_part)
    tables.check_references()
    maker = MAKERS[kind](tables, site_mapping)
    maker.leave_out_twins()
    files: list[Made] = []
    origin: dict[str, Origin] = {}
    for making in maker.makings():
        rows = iter(making.rows)
        first = next(rows, None)
        if first is not None:
            origin[making.file_type] = Origin(making.file_type)
            with out(making.file_type) as stream:
                lines = _write(stream, making, chain([first], rows), origin[making.file_type])
            params = _params(making, site_mapping, tables)
            files.append(Made(making.file_type, f"{making.file_type}.csv", lines, params))
    notes = [*tables.notes, *(f"{reason}; lines: {count}" for reason, count in maker.skipped.items())]
    order = {file.name: number for number, file in enumerate(contents.order)}
    problems = sorted(tables.problems, key=lambda problem: (order[problem.file], problem.line))
    version = contents.manifest.version if contents.manifest else ""
    return Converted(source, site_mapping, kind, version, files, problems, list(dict.fromkeys(notes)), origin)


@dataclass(frozen=True)
class Contents:
    """What the files of a package are.

    :param manifest: that of a OneRoster package.
    :param files: each file with its kind, in an order in which a file comes after those that it refers to.
    :param looked_at: the same of those of which nothing is made.
    :param unread: the names of CSV files of which nobody knows what they are.
    """

    manifest: Manifest | None
    files: list[tuple[str, PackageFile]]
    looked_at: list[tuple[str, PackageFile]]
    notes: list[str]
    unread: list[str]

    @property
    def order(self) -> list[PackageFile]:
        """The files."""
        return [file for _, file in self.files]


def _kind_of(package: PackageFiles) -> str:
    names = {file.name.rpartition("/")[2].casefold() for file in package.files}
    if MANIFEST in names:
        return "oneroster"
    if names & {"orgs.csv", "academicsessions.csv", "classes.csv"}:
        raise PackageRejected([f"the package looks like OneRoster, but there is no {MANIFEST} in it"])
    if any(told_by_columns(file) or told_by_name(file) for file in package.files):
        return "canvas"
    raise PackageRejected(
        [
            f"the package is neither OneRoster (there is no {MANIFEST}) nor Canvas SIS (no file has the columns of one of its files)"
        ]
    )


def _contents(package: PackageFiles) -> Contents:
    notes = list(package.notes)
    if _kind_of(package) == "oneroster":
        if twice := [file.name for file in package.files if "/" in file.name]:
            raise PackageRejected([f"{name}: there are several files of this name in the package" for name in twice])
        manifest = Manifest(package.files)
        notes += manifest.notes()
        present = {
            name: manifest.files[f"{name}.csv".casefold()] for name, mode in manifest.modes.items() if mode != "absent"
        }
        found = {name: [file] for name, file in present.items()}
        return _in_order("oneroster", manifest, found, notes, [])
    told: dict[str, list[PackageFile]] = {}
    unread: list[str] = []
    for file in package.files:
        if name := told_by_columns(file) or told_by_name(file):
            told.setdefault(name, []).append(file)
        else:
            unread.append(file.name)
            notes.append(f"{file.name} is not read: it has the columns of no file of Canvas")
    return _in_order("canvas", None, told, notes, unread)


def _in_order(
    kind: str, manifest: Manifest | None, found: dict[str, list[PackageFile]], notes: list[str], unread: list[str]
) -> Contents:
    files = [(known.name, file) for known in KINDS[kind].files for file in found.get(known.name, ())]
    if not files:
        raise PackageRejected(["there is no file in the package of which something becomes part of a site"])
    others = [(name, file) for name in sorted(KINDS[kind].looked_at) for file in found.get(name, ())]
    return Contents(manifest, files, others, notes, unread)


def _read(contents: Contents, mapping: FeedMapping, *, part: bool) -> Tables:
    tables = Tables(notes=list(contents.notes), unread=contents.unread)
    reasons: list[str] = []
    for name, file in contents.files:
        manifest = contents.manifest
        whole = not part and (manifest.modes[name] == "bulk" if manifest else mapping["bulk"])
        suite = suite_of(mapping.kind, manifest.suite(name) if manifest else name)
        try:
            tables.read(file, name, suite, whole=whole, utc=manifest is None)
        except FileRejected as error:
            if error.problems[0].kind == "empty" and not whole:
                tables.notes.append(f"{file.name}: {error.messages[0]}")
            else:
                reasons += [f"{file.name}: {message}" for message in error.messages]
    if reasons:
        raise PackageRejected(reasons)
    for name, file in contents.looked_at:
        try:
            tables.look_at(file, suite_of(mapping.kind, name))
        except FileRejected as error:
            tables.notes += [f"{file.name}: {message}" for message in error.messages]
    return tables


def _write(stream: IO[bytes], making: Making, rows: Iterator[Row], origin: Origin) -> int:
    """Write a command file.

    :return: the number of its lines.
    """
    text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=False)
    # Everything in quotes: a line that begins with # would be a comment.
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(making.columns)
    line, count = 2, 0
    for row in rows:
        cells = [row.cells.get(column, "") for column in making.columns]
        writer.writerow(cells)
        origin.add(line, ((source.file, source.number) for source in row.sources))
        line += 1 + sum(cell.count("\n") for cell in cells)
        count += 1
    text.flush()
    text.detach()
    return count


def _params(making: Making, mapping: FeedMapping, tables: Tables) -> dict[str, Any]:
    """The Params of a run. The truth is not whole where lines were left out: what the site has and the file doesn't is not to go then."""
    params = {**mapping["params"].get(making.file_type, {}), **making.params}
    read = [tables.tables[name] for name in making.tables if name in tables.tables]
    if read and read[0].name == making.tables[0] and read[0].whole:
        params = {**params, **mapping["bulk_params"].get(making.file_type, {})}
        if "mode" in params and (why := _why_not_whole(making, read, tables)):
            del params["mode"]
            tables.notes.append(
                f"{making.file_type}: Param mode is left out, because {why}: what the site has and the package does not stays"
            )
    return params


def _why_not_whole(making: Making, read: list[Table], tables: Tables) -> str:
    """Why a command file does not state the whole truth, though the first of the tables that it is made of does; empty: it does."""
    if left_out := [table.name for table in read if table.incomplete]:
        return f"lines of {', '.join(left_out)} were"
    if any(table.name == "roles" and not table.whole for table in read):  # who has an account at all
        return "roles.csv is a delta"
    if making.file_type == "group_members" and "groups" in tables.tables and "group_memberships" not in tables.tables:
        return "there is no group_memberships.csv"
    return f"{', '.join(tables.unread)} may be a part of it and is not read" if tables.unread else ""
