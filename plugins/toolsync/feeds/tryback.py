"""The tryback of a package: a package of the lines that failed, in its own form."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from toolsync.feeds.archive import PART, PackageFile
from toolsync.feeds.kinds import suite_of
from toolsync.feeds.manifest import FILE, MANIFEST
from toolsync.feeds.mapping import FeedMapping
from toolsync.reading.command_file import CommandFile
from toolsync.reading.problems import FileRejected
from toolsync.reading.records import Record
from toolsync.reading.tryback import TrybackWriter

Place = tuple[str, int]


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


def _with_what_they_need(mapping: FeedMapping, contents: Any, failed: set[Place]) -> set[Place]:
    """Lines, and those that they refer to: a class without its school and its sessions would be another one."""
    wanted = set(failed)
    needed: dict[str, set[str]] = {}
    for name, file in reversed(contents.files):  # a file comes after those that it refers to
        try:
            command = _opened(mapping, contents, name, file)
        except FileRejected:
            continue
        meta = command.suite.document["meta"]["toolsync"]
        columns = {column.name: column.position for column in command.header.columns}
        references = [
            each for each in meta["references"] if each["column"] in columns and _is_needed(mapping, each["file"])
        ]
        again = True
        while again:  # a line may refer to one of its own file
            again = False
            for record in _records(command):
                if record.values is None:
                    continue
                place = file.name, record.line
                if meta.get("identity") and record.values[columns[meta["identity"]]] in needed.get(name, ()):
                    wanted.add(place)
                if place in wanted:
                    again |= _refer(record, references, columns, needed, name)
    return wanted


def _refer(
    record: Record, references: list[Any], columns: dict[str, int], needed: dict[str, set[str]], name: str
) -> bool:
    """Add what a line refers to.

    :return: whether that is a line of the same file which was not known to be needed.
    """
    found = False
    for reference in references:
        value = record.values[columns[reference["column"]]] if record.values else ""
        known = needed.setdefault(reference["file"], set())
        fresh = {each.strip() for each in (value.split(",") if reference.get("list") else [value])} - {"", *known}
        known |= fresh
        found |= bool(fresh) and reference["file"] == name
    return found


def _is_needed(mapping: FeedMapping, table: str) -> bool:
    """Whether lines can't be understood without those of a table, as people and courses can that are found by what identifies them in the package."""
    key_of: dict[str, Callable[[], str]] = {
        "users": lambda: mapping["users"]["key"],
        "classes": lambda: mapping["courses"]["key"],
    }
    if mapping.kind == "canvas":
        key_of["courses"] = lambda: mapping["courses"]["key"]
    return key_of[table]() != "idnumber" if table in key_of else True
