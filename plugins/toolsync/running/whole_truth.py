"""Executes a file that states the whole truth: what the site has within the scope and the file does not name becomes lines of the type itself.

These lines come after those of the file, with numbers after its last one, so they are planned, reported, logged and undone as any. `include/sql/<type>/named`
finds what the lines of the file name, `missing` what is left of the scope, `scope` why there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from more_itertools import chunked

from toolsync.cabinet.claims import Claim
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.errors import SiteUnfit
from toolsync.reading.problems import shown
from toolsync.reading.records import LINE_END, Record
from toolsync.reading.values import UnreadableValue, read_integer
from toolsync.reporting.missing import NOT_IN_FILE, Missing
from toolsync.reporting.outcomes import Outcomes
from toolsync.reporting.pieces import MISSING, forget_pieces, piece_name, pieces
from toolsync.reporting.plan import called, noun_of, thing_of
from toolsync.running.execution import STAGED, Execution, StagedLine
from toolsync.running.lines import LineRun, ReadLine
from toolsync.running.sql_folder import SqlFolder

TYPES = ("users", "enrolments", "cohorts", "group_members")
KEY, REFUSAL, SCOPE, FOUND = "toolsync_key", "toolsync_refusal", "toolsync_scope", "toolsync_missing"
REFUSALS = {REFUSAL: "message TEXT NOT NULL"}
# What the lines of the file name: people in places (of accounts: in place 0), places, lines that name nothing.
NAMED = {
    "toolsync_named": "place BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (place, userid)",
    "toolsync_place": "id BIGINT NOT NULL PRIMARY KEY",
    "toolsync_nameless": "line INT UNSIGNED NOT NULL PRIMARY KEY, strange TINYINT NOT NULL",
}
# The steps of each type, with the temporary tables that are there before their first statement.
STEPS = {
    **{f"{kind}/named": (KEY, *NAMED) for kind in TYPES},
    **{f"{kind}/missing": tuple(NAMED) for kind in TYPES},
    **{f"{kind}/scope": (REFUSAL,) for kind in TYPES if kind != "cohorts"},
}
LINE = "line_"  # columns of `toolsync_missing` that are cells of a line; the others are what the plan shows
RECORDS = 10_000  # lines whose names are looked up at once
NAME = 1000  # characters of a name: more than anything on the site has
KEPT = 5000  # lines in a piece of the work folder
CHANGED_SINCE = (
    "since the plan was made, this has left the scope, or the file has come to name it. Nothing was done about it"
)

Kept = tuple[dict[str, Any], dict[str, Any]]  # the cells of a line, by column; what the plan shows of it


@dataclass(slots=True)
class MissingLine(ReadLine):
    """A line that stands for what the file does not name.

    :param row: what the plan shows of it, `line` included.
    """

    row: Mapping[str, Any]


class WholeTruthRun(LineRun):
    """Executes a CSV file whose Param `mode` may be `full`."""

    missing: Missing | None = None  # what the file leaves out, once it is known

    def execute(self) -> None:
        if self.claim.options.get("mode") == "full":
            self._check_scope()
        super().execute()

    def _check_scope(self) -> None:
        """Before the first line: make sure that the Params of the scope mean something on this site.

        :raises SiteUnfit: they don't.
        """
        tables, folder = self.state.tables, self._step("scope")
        tables.create_staging(REFUSAL, REFUSALS[REFUSAL])
        folder.run(folder.work)
        reasons = [reason for (reason,) in self.session.rows(f"SELECT message FROM {REFUSAL}")]
        folder.clean_up()
        if reasons:
            raise SiteUnfit(f"{'. '.join(reasons)}. Nothing was done.")

    def items(self, failed: set[int]) -> Iterator[ReadLine]:
        # A plan is about what goes. To rehearse all lines as well would lock rows that people need for as long as that takes.
        return iter(()) if self.planning else super().items(failed)

    def after_lines(self, number: int) -> int:
        """Do with what the file does not name as Param `missing` says. What was planned, and nothing else, is done."""
        if self.claim.options.get("mode") != "full":
            return number
        names, now = self._find()
        if self.rehearsal or self.claim.options["missing"] == "report":
            self._keep(now)
        if self.claim.options["missing"] == "report":
            return number
        execution = self._execution(names)
        execution.check_site()
        current = {thing_of(row): row for _, row in now}
        why_not = CHANGED_SINCE
        if self.witness and self.witness.newer:  # it was applied while this one waited for its approval
            current, why_not = (
                {},
                f"{self.witness.newer}, which is newer, has been applied since the plan was made. Nothing was done about it",
            )
        planned: dict[int, dict[str, Any]] = {}

        def items() -> Iterator[MissingLine]:
            for cells, row in kept_lines(self.cabinet, self.claim):
                line, found = row["line"], current.get(thing_of(row))
                if found:
                    planned[line] = {**found, "line": line}
                values = [cells.get(spec.name) for spec in self.file.suite.plain_columns]
                staged = StagedLine(line, values, [], None if found else ("", why_not))
                yield MissingLine(Record(line, b"", None), staged, row)

        def work(staged: Sequence[StagedLine]) -> Outcomes:
            outcomes = execution.run(staged)
            outcomes.plan += [planned[line] for line in sorted(outcomes.done)]
            return outcomes

        lines = sum(1 for _ in kept_lines(self.cabinet, self.claim))
        return self._apply(number, items(), work, self._progress(lines, "What is not in the file: "))

    def _find(self) -> tuple[list[str], list[Kept]]:
        """Find what the site has within the scope and the file does not name.

        :return: the columns that lines about it have; such lines, those that the file would have after its last one.
        """
        tables, session, missing = self.state.tables, self.session, self._step("missing")
        for name, definition in NAMED.items():
            tables.create_staging(name, definition)
        first, unreadable, cut_off = self._names()
        missing.run(missing.work)
        columns = tables.columns(FOUND)
        rows = [dict(zip(columns, row, strict=True)) for row in session.rows(f"SELECT * FROM {FOUND} ORDER BY n")]
        scope = session.value(f"SELECT number FROM {SCOPE}")
        nameless, strange = session.rows("SELECT COUNT(*), COALESCE(SUM(strange), 0) FROM toolsync_nameless")[0]
        missing.clean_up()
        tables.clear(NAMED)
        self.missing = Missing(first, len(rows), scope, noun_of(columns), nameless, int(strange), unreadable, cut_off)
        self.log.info("%s.", self.missing.sentence)
        cells = [name for name in columns if name.startswith(LINE)]
        told = [name for name in columns if name not in {"n", *cells}]
        return [name.removeprefix(LINE) for name in cells], [
            (
                {name.removeprefix(LINE): row[name] for name in cells},
                {"line": line, **{name: row[name] for name in told}},
            )
            for line, row in enumerate(rows, start=first)
        ]

    def _names(self) -> tuple[int, int, bool]:
        """Look up what the lines of the file name, those that failed included: nobody goes because a line had a wrong date.

        :return: the number after that of the last line; the number of lines that can't be read; whether the last line has no line end.
        """
        tables, header = self.state.tables, self.file.header.plain
        named = self._step("named")
        definition = f"line INT UNSIGNED NOT NULL PRIMARY KEY, {named.columns}"
        tables.create_staging(KEY, definition)
        _, *columns = tables.columns(KEY)
        given = [(name, header[name].position) for name in columns if name in header]
        numbers = {position for name, position in given if header[name].spec.type == "integer"}
        last = unreadable = 0
        raw = b""
        for records in self.file.records(RECORDS):
            last, raw = records[-1].line, records[-1].raw
            unreadable += sum(record.values is None and not record.continued for record in records)
            rows = (
                (record.line, *(_name(record.values[position], position in numbers) for _, position in given))
                for record in records
                if record.values is not None
            )
            tables.create_staging(KEY, definition)
            tables.load(KEY, ["line", *(name for name, _ in given)], rows)
            named.run(named.work)
            named.clean_up()
        tables.clear([KEY])
        ended = raw.endswith((b"\n", b"\r"))
        return last + len(LINE_END.findall(raw)) + (not ended), unreadable, not ended

    def _keep(self, lines: list[Kept]) -> None:
        """Keep the lines in the work folder: they are what a person approves, or reads in the report."""
        forget_pieces(self.cabinet, self.claim, MISSING)
        for number, some in enumerate(chunked(lines, KEPT)):
            self.cabinet.save(self.claim, piece_name(MISSING, number), {"lines": some})

    def _execution(self, names: Sequence[str]) -> Execution:
        """The SQL of the type for lines with these columns, in which ids name everything."""
        by_id = {name: "id" for name in self.claim.options if name.endswith("_id_field")}
        folder, options = self.execution.folder, {**self.claim.options, **by_id}
        occasion = replace(folder.occasion, columns=set(names), families=frozenset(), options=options)
        columns = [(spec.name, spec.type) for spec in self.file.suite.plain_columns]
        return Execution(folder.beside(folder.name, occasion, STAGED), columns)

    def _step(self, name: str) -> SqlFolder:
        """The SQL of a step: it reads the plain texts of the file."""
        folder = self.execution.folder
        path = f"{folder.name}/{name}"
        return folder.beside(path, replace(folder.occasion, families=frozenset()), STEPS.get(path, ()))

    def as_written(self, item: ReadLine, field: str | None) -> tuple[str | None, str | None]:
        if isinstance(item, MissingLine):
            return None, shown(called(item.row))
        return super().as_written(item, field)

    def label(self, item: ReadLine) -> tuple[str, ...]:
        return (f"{NOT_IN_FILE}{called(item.row)}",) if isinstance(item, MissingLine) else ()

    def _totals(self) -> dict[str, Any]:
        return {**super()._totals(), "missing": self.missing.as_json() if self.missing else None}


def _name(text: str, is_number: bool) -> str:
    """What a cell names something by: as the type reads it, and no longer than the temporary table can hold."""
    if is_number:
        with suppress(UnreadableValue):  # the line fails
            number = read_integer(text)
            return "" if number is None else str(number)
    return text[:NAME]


def kept_lines(cabinet: Cabinet, claim: Claim) -> Iterator[Kept]:
    """The lines that stand for what a file does not name, as the work folder keeps them."""
    for piece in pieces(cabinet, claim, MISSING):
        yield from piece["lines"]
