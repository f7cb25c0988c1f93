"""What a file would be read as, before anything of it is run: the same code reads it as in a run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from toolsync.feeds.archive import LIMITS as PACKAGE_LIMITS
from toolsync.pictures.archive import PictureArchive
from toolsync.pictures.picture_run import archive_limits
from toolsync.reading.beginning import ZIP_MARK
from toolsync.reading.columns import Column
from toolsync.reading.command_file import CommandFile
from toolsync.reading.encodings import CODECS, Evidence
from toolsync.reading.misread import Misread
from toolsync.reading.problems import FileRejected, Problem
from toolsync.reading.records import Record
from toolsync.reading.repeats import Repeats
from toolsync.reading.suite import Suite, has_suite, load_suite
from toolsync.reading.zips import open_zip
from toolsync.sites import Site

HEAD_BYTES = 512 << 10  # of a file, which are read for an inspection
SHOWN_ROWS, SHOWN_PROBLEMS = 20, 50
PICTURES, PACKAGES = "user_pictures", "feeds"
ENTRIES = {
    PICTURES: "A picture of an account",
    PACKAGES: "A file of a package",
}  # of archives: what `title` of a suite is
LONGEST_RECORD = (
    64 << 10
)  # bytes: what is not ended within as many, at the end of a head, has an unclosed quote rather than a cut
TELLING = ("pass", "pwd", "secret", "token", "key")  # in the name of an unknown column: it may hold what nobody may see
HARMLESS_FIRST = (
    "users",
    "enrolments",
    "courses",
    "groups",
    "group_members",
    "cohorts",
)  # of types that a header fits alike


@dataclass(frozen=True)
class Bytes:
    """A file in memory."""

    content: bytes

    def open(self, mode: str = "rb") -> IO[bytes]:
        return io.BytesIO(self.content)


@dataclass(frozen=True)
class Head:
    """The beginning of a file.

    :param name: of the file.
    :param content: its first bytes.
    :param complete: whether these are all.
    """

    name: str
    content: bytes
    complete: bool

    @property
    def is_archive(self) -> bool:
        return self.content.startswith(ZIP_MARK)

    @property
    def is_package(self) -> bool:
        """Whether it is an archive whose first file is a CSV file."""
        length = int.from_bytes(self.content[26:28], "little")
        return self.is_archive and self.content[30 : 30 + length].lower().endswith(b".csv")

    def encoding(self, given: str | None) -> str:
        """The encoding as Param `encoding` takes it.

        :param given: what somebody has chosen; None: find out.
        """
        if given in CODECS:
            return given
        likely = Evidence.of(self.whole_lines().splitlines()).likely
        return likely if likely and likely in CODECS else "utf-8"

    def whole_lines(self) -> bytes:
        """The content without a line that is cut in the middle."""
        if self.complete:
            return self.content
        end = max(self.content.rfind(b"\n"), self.content.rfind(b"\r", 0, -1))
        return self.content[: end + 1] or self.content


def suites(types: Mapping[str, str]) -> dict[str, Suite]:
    """The suites of DAGs that read CSV files, by DAG.

    :param types: the types of the DAGs, by DAG.
    """
    return {dag_id: load_suite(kind) for dag_id, kind in types.items() if has_suite(kind)}


def recognise(head: Head, candidates: Mapping[str, Suite], delimiter: str, encoding: str) -> list[dict[str, Any]]:
    """The types that a file may be of, the likeliest first.

    :param candidates: the suites to try, by DAG.
    """
    found: list[dict[str, Any]] = []
    lists: list[dict[str, Any]] = []
    for dag_id, suite in candidates.items():
        names = _header(head, suite, delimiter, encoding)
        matched = sum(map(suite.recognises, names))
        if matched:
            header = suite.match_header(names, key_column=_key(suite, names))
            missing = [problem.column for problem in header.problems if problem.kind == "missing"]
            unknown = sum(1 for name in names if name.strip() and not suite.recognises(name))
            found.append(
                {**as_candidate(dag_id, suite.title), "matched": matched, "unknown": unknown, "missing": missing}
            )
        elif suite.headerless is not None and 0 < len(names) <= 1 + len(suite.headerless):
            # A list without a header line.
            (found if named(head.name, suite) else lists).append(as_candidate(dag_id, suite.title))
    return sorted(found or lists, key=lambda candidate: _rank(head.name, candidate, candidates[candidate["dag_id"]]))


def as_candidate(dag_id: str, title: str) -> dict[str, Any]:
    """A type that a file may be of, whose columns the header does not tell.

    :param title: what a line of it is.
    """
    return {"dag_id": dag_id, "title": title, "matched": 0, "unknown": 0, "missing": []}


def named(file_name: str, suite: Suite) -> bool:
    """Whether the name of a file holds that of a type."""
    return suite.name.replace("_", "") in file_name.lower().replace("_", "").replace("-", "")


def _rank(file_name: str, candidate: dict[str, Any], suite: Suite) -> tuple[Any, ...]:
    usual = HARMLESS_FIRST.index(suite.name) if suite.name in HARMLESS_FIRST else len(HARMLESS_FIRST)
    # The longest type that the name holds: courses_delete.csv is not for courses.
    return (
        candidate["unknown"] + len(candidate["missing"]),
        -len(suite.name) if named(file_name, suite) else 0,
        -candidate["matched"],
        usual,
        suite.name,
    )


def _key(suite: Suite, names: Sequence[str]) -> str | None:
    """The column by which a file finds the subjects of its lines, as far as its header tells."""
    if suite.key is None:
        return None
    present = {spec.name for spec in map(suite.spec, names) if spec}
    return next((column for column in suite.key.columns if column in present), suite.key.columns[0])


def _header(head: Head, suite: Suite, delimiter: str, encoding: str) -> list[str]:
    from toolsync.reading.beginning import read_beginning

    try:
        return read_beginning(Bytes(head.whole_lines()), suite, delimiter, encoding).first.values or []
    except FileRejected:
        return []


def inspect_csv(head: Head, suite: Suite, delimiter: str, encoding: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a CSV file would be read as.

    :param suite: of its type.
    :param options: Params of the run, where they are known already.
    """
    written = _header(head, suite, delimiter, encoding)
    result: dict[str, Any] = {
        "delimiter": None,
        "columns": [column_answer(suite, name) for name in written],
        **dict.fromkeys(("missing", "rejected", "rows", "problems", "notes"), []),
        "lines": 0,
        "failed": 0,
    }
    key = (options.get(suite.key.param) or _key(suite, written)) if suite.key else None
    try:
        file = CommandFile.open(
            Bytes(head.whole_lines()),
            suite=suite,
            delimiter=delimiter,
            encoding=encoding,
            key_column=key,
            ignore_unknown_columns=bool(options.get("ignore_unknown_columns")),
        )
    except FileRejected as rejection:
        missing = [problem.column for problem in rejection.problems if problem.kind == "missing"]
        if not any(map(suite.recognises, written)):
            result["columns"] = []  # it is no header: it may hold a password
        return {**result, "missing": missing, "rejected": rejection.messages}
    records, repeats = _records(head, file), Repeats(file, key)
    repeats.look(records)
    misread, notes = Misread(file), repeats.notes(())[:SHOWN_ROWS]
    misread.look(records)
    problems, failed, rejected = _validated(suite, file, records, head.complete)
    told = misread.note
    try:
        misread.check()
    except FileRejected as rejection:
        # What follows half a file may be something else.
        rejected, told = (rejection.messages, told) if head.complete else (rejected, str(rejection))
    if told:
        notes = [Problem(0, None, None, told), *notes]
    columns = [column_answer(suite, name) for name in file.header.written]
    hidden = [column["secret"] for column in columns]
    return {
        **result,
        "delimiter": "tab" if file.delimiter == "\t" else file.delimiter,
        "columns": columns,
        "rejected": rejected,
        "rows": [{"line": record.line, "cells": shown_cells(record, hidden)} for record in _readable(records)],
        "lines": sum(not record.continued for record in records),
        "problems": [problem_answer(problem) for problem in problems[:SHOWN_PROBLEMS]],
        "notes": [problem_answer(note) for note in notes],
        "failed": failed,
    }


def column_answer(suite: Suite, name: str) -> dict[str, Any]:
    """A column of a file, as the page shows it. An unknown one counts as secret when it may be a misspelt secret one, or has no name beside a secret one."""
    column: Column | None = suite.column(name)
    near = None if column or not name else suite.nearest(name)
    spec = column.spec if column else suite.spec(near) if near else None
    nameless = not name.strip() and any(known.secret for known in suite.columns)
    telling = column is None and (nameless or any(word in name.lower() for word in TELLING))
    return {
        "name": name,
        "column": column.name if column else None,
        "near": near,
        "secret": bool(spec and spec.secret) or telling,
    }


def shown_cells(record: Record, hidden: Sequence[bool]) -> list[str | None]:
    """The cells of a record, secret ones left out."""
    return [None if secret else value for value, secret in zip(record.values or [], hidden, strict=False)]


def problem_answer(problem: Problem) -> dict[str, Any]:
    """What is wrong with a line, as the page shows it."""
    return {"line": problem.line, "column": problem.field, "value": problem.value, "message": problem.message}


def _readable(records: Iterable[Record]) -> list[Record]:
    return list(islice((record for record in records if record.values is not None), SHOWN_ROWS))


def _records(head: Head, file: CommandFile) -> list[Record]:
    """The records of a head, without one that may go on after it."""
    records = [record for chunk in file.records() for record in chunk]
    if head.complete:
        return records
    while records and records[-1].continued:
        records.pop()
    if records and (records[-1].problem is None or len(records[-1].raw) < LONGEST_RECORD):
        records.pop()
    return records


def _validated(
    suite: Suite, file: CommandFile, records: list[Record], complete: bool
) -> tuple[list[Problem], int, list[str]]:
    """What the suite finds: problems, the number of lines that fail, and why the file is rejected."""
    # Great Expectations takes seconds to import; the page has begun it in the background.
    from toolsync.reading.validator import Validator

    validator, rejected = Validator(suite, file.header), []
    problems = list(validator.check(records).problems)
    try:
        problems += validator.finish().problems
    except FileRejected as rejection:
        rejected = rejection.messages if complete else []  # half a file may lack what it expects of a whole one
    problems.sort(key=lambda problem: problem.line)
    return problems, len({problem.line for problem in problems}), rejected


def inspect_archive(site: Site, file_type: str, stream: IO[bytes] | None) -> dict[str, Any]:
    """What a ZIP archive holds.

    :param site: that it is for, which has limits.
    :param file_type: `PICTURES`, or `PACKAGES`: of a package only the names of its files are told; what is in them is for the run.
    :param stream: the whole archive; None: only its beginning is known, and its directory is at its end.
    """
    result: dict[str, Any] = dict.fromkeys(("columns", "missing", "rejected", "rows", "problems", "notes"), [])
    result |= {"delimiter": None, "lines": 0, "failed": 0}
    if stream is None:
        return result
    try:
        if file_type == PACKAGES:
            names = [info.filename for info in open_zip(stream, PACKAGE_LIMITS).infolist() if not info.is_dir()]
            return {**result, **_entries("file", names)}
        archive = PictureArchive(stream, archive_limits(site))
    except (FileRejected, zipfile.BadZipFile) as rejection:
        return {**result, "rejected": getattr(rejection, "messages", None) or ["it is no ZIP archive"]}
    refused = [
        Problem(picture.line, None, picture.path, picture.refusal) for picture in archive.pictures if picture.refusal
    ]
    return {
        **result,
        **_entries("image", [picture.path for picture in archive.pictures], [one.line for one in archive.pictures]),
        "problems": [problem_answer(problem) for problem in refused[:SHOWN_PROBLEMS]],
        "failed": len(refused),
    }


def _entries(what: str, names: Sequence[str], lines: Sequence[int] | None = None) -> dict[str, Any]:
    """The entries of an archive, as if they were lines of a file with one column.

    :param what: the column.
    :param lines: their numbers; None: 1, 2, 3 …
    """
    numbered = zip(lines or range(1, len(names) + 1), names, strict=True)
    return {
        "columns": [{"name": what, "column": what, "near": None, "secret": False}],
        "rows": [{"line": line, "cells": [name]} for line, name in islice(numbered, SHOWN_ROWS)],
        "lines": len(names),
    }
