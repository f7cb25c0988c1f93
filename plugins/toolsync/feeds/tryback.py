"""The tryback of a package: a package of the lines that failed, in its own form."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from toolsync.feeds.archive import PART, PackageFile
from toolsync.feeds.kinds import identity_of, references_of, suite_of
from toolsync.feeds.manifest import FILE, MANIFEST
from toolsync.feeds.mapping import FeedMapping
from toolsync.reading.command_file import CommandFile
from toolsync.reading.problems import FileRejected
from toolsync.reading.records import Record
from toolsync.reading.tryback import TrybackWriter

Place = tuple[str, int]  # a file and a line in it
Thing = tuple[str, str]  # a table, and what identifies a line of it


def write_tryback(mapping: FeedMapping, contents: Any, failed: set[Place], stream: IO[bytes]) -> None:
    """Write a package of lines, byte for byte, and of those that they refer to.

    :param contents: what the files of the package are.
    :param failed: the lines.
    """
    wanted = _with_what_they_need(mapping, contents, failed)
    written: set[str] = set()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in contents.files:
            if not any(place[0] == file.name for place in wanted):
                continue
            command = _opened(mapping, contents, name, file)
            with archive.open(file.name, "w") as target:
                writer = TrybackWriter(command, target)
                taken = False
                for record in _records(command):
                    taken = taken if record.continued else (file.name, record.line) in wanted
                    if taken:
                        writer.write(record)
                writer.finish()
            written.add(name)
        archive.comment = PART
        if contents.manifest:
            archive.writestr(MANIFEST, _manifest(contents.manifest.rows, written))


def _manifest(rows: list[tuple[str, str]], written: set[str]) -> str:
    """The manifest of a tryback: its files are deltas, since they don't state the whole truth."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    names = {f"{FILE}{name}".casefold() for name in written}
    for key, value in rows:
        mode = "delta" if key.casefold() in names else "absent"
        writer.writerow([key, mode if key.casefold().startswith(FILE) else value])
    return text.getvalue()


def _opened(mapping: FeedMapping, contents: Any, name: str, file: PackageFile) -> CommandFile:
    suite = suite_of(mapping.kind, contents.manifest.suite(name) if contents.manifest else name)
    return CommandFile.open(file.path, suite=suite, encoding=file.encoding, ignore_unknown_columns=True)


def _records(command: CommandFile) -> Iterator[Record]:
    for records in command.records():
        yield from records


@dataclass(frozen=True)
class _Line:
    """A line of the package, as the search for what is needed sees it.

    :param thing: what it is; None: nothing refers to it.
    :param needs: what it can't be understood without.
    :param part_of: what can't be understood without it: a person without what the person is, a section without where it is taught.
    :param beside: of an enrolment, the person and the course: one that ends is not the last one, if another goes on. None: it is no enrolment.
    """

    place: Place
    thing: Thing | None
    needs: tuple[Thing, ...]
    part_of: tuple[Thing, ...]
    beside: Thing | None


def _with_what_they_need(mapping: FeedMapping, contents: Any, failed: set[Place]) -> set[Place]:
    """Lines, and those without which they can't be understood: a class without its school and its sessions would be another one."""
    taught: dict[str, str] = {}
    lines = [line for name, file in contents.files for line in _lines(mapping, contents, name, file, taught)]
    wanted, needed, there = set(failed), set[Thing](), set[Thing]()
    beside = {line.beside for line in lines if line.beside and line.place in failed}
    size = -1
    while size != (size := len(wanted) + len(needed)):
        for line in lines:
            needs_it = line.thing in needed or line.beside in beside or not there.isdisjoint(line.part_of)
            if needs_it or line.place in wanted:
                wanted.add(line.place)
                needed.update(line.needs)
                there.update(filter(None, [line.thing]))
    return wanted


def _lines(
    mapping: FeedMapping, contents: Any, name: str, file: PackageFile, taught: dict[str, str]
) -> Iterator[_Line]:
    """The lines of a file.

    :param taught: the course of each section of Canvas, as far as the files before this one say.
    """
    try:
        command = _opened(mapping, contents, name, file)
    except FileRejected:  # an empty delta
        return
    identity = identity_of(command.suite)
    positions = {column.name: column.position for column in command.header.columns}
    references = [each for each in references_of(command.suite) if each["column"] in positions]
    for record in _records(command):
        if record.values is None:
            continue
        things: dict[bool, list[Thing]] = {False: [], True: []}
        for reference in references:
            value = record.values[positions[reference["column"]]]
            for each in value.split(",") if reference.get("list") else [value]:
                things[reference.get("part", False)].append((reference["file"], each.strip()))
        needs = tuple(thing for each in things.values() for thing in each if thing[1] and _is_needed(mapping, thing[0]))
        cells = {column: record.values[position] for column, position in positions.items()}
        thing = (name, cells[identity]) if identity else None
        yield _Line((file.name, record.line), thing, needs, tuple(things[True]), _beside(name, cells, taught))


def _beside(name: str, cells: Mapping[str, str], taught: dict[str, str]) -> Thing | None:
    """The person and the course of a line of enrollments. Of sections and cross-listings, which come before, it is noted where they are taught.

    :param cells: of the line, by column.
    """
    section = cells.get("section_id", "")
    if name == "sections" or (name == "xlists" and cells["status"].lower() == "active"):
        taught[section] = cells["course_id" if name == "sections" else "xlist_course_id"]
    if name != "enrollments":
        return None
    if "classSourcedId" in cells:
        return cells["userSourcedId"].casefold(), cells["classSourcedId"].casefold()
    return cells["user_id"].casefold(), (taught.get(section) or cells.get("course_id", "")).casefold()


def _is_needed(mapping: FeedMapping, table: str) -> bool:
    """Whether lines can't be understood without those of a table, as people and courses can that are found by what identifies them in the package."""
    key_of: dict[str, Callable[[], str]] = {
        "users": lambda: mapping["users"]["key"],
        "classes": lambda: mapping["courses"]["key"],
    }
    if mapping.kind == "canvas":
        key_of["courses"] = lambda: mapping["courses"]["key"]
    return key_of[table]() != "idnumber" if table in key_of else True
