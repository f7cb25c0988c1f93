"""The statements of a rendered SQL file, each with its directives and its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from toolsync.running.sql_text import MARK, Directive, SqlError, bare, read_comment

# So many are remembered, with what was found out about each: a plan and the execution after it, and undoes of the same tables, have most of them in common.
STATEMENTS = 10_000
COMMENT = re.compile(r"^[ \t]*--.*$", re.MULTILINE)
MARKED = re.compile(rf"(?P<text>.*?)[ \t]*{MARK}(?P<end>end )?(?P<place>\S+:\d+)[ \t]*$")
JOINED = re.compile(rf"{MARK}(?:end )?(\S+?:\d+)")
CREATES = re.compile(r"CREATE\s+TEMPORARY\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?(\w+)", re.IGNORECASE)
DROPS = re.compile(r"DROP\s+TEMPORARY\s+TABLE\s+(IF\s+EXISTS\s+)?(\w+)$", re.IGNORECASE)
NAMED = re.compile(
    r"\b(?:FROM|JOIN|STRAIGHT_JOIN|INTO|UPDATE|DELETE)\s+(?:IGNORE\s+)?\(?\s*(toolsync_\w+)", re.IGNORECASE
)
FILLS = re.compile(r"INSERT\s+(?:IGNORE\s+)?INTO\s+(toolsync_\w+)", re.IGNORECASE)

EMPTIES = re.compile(r"DELETE\s+FROM\s+(toolsync_\w+)$", re.IGNORECASE)
# The table of the site that a statement changes. An UPDATE or DELETE names no other one, so it is the first that is not ours.
WRITES = re.compile(
    r"(?:INSERT\s+(?:IGNORE\s+)?INTO|(?=UPDATE|DELETE).*?\b(?:FROM|JOIN|STRAIGHT_JOIN|UPDATE))\s+(?!toolsync_|\w+\.)({?\w+}?)",
    re.DOTALL,
)
INNERMOST = re.compile(r"\(([^()]*)\)")
AGGREGATE = re.compile(r"\b(?:AVG|BIT_\w+|COUNT|GROUP_CONCAT|JSON_\w+AGG|MAX|MIN|STD\w*|SUM|VAR\w*)\s*§", re.IGNORECASE)
# Where rows may come from somewhere else.
ELSEWHERE = re.compile(r"\b(?:UNION|EXCEPT|INTERSECT|RIGHT\s+(?:OUTER\s+)?JOIN)\b", re.IGNORECASE)
SOURCE = re.compile(
    r"(?P<left>\bLEFT\s+(?:OUTER\s+)?JOIN|\bRIGHT\s+(?:OUTER\s+)?JOIN)?(?(left)|(?:\bFROM|\bJOIN|\bSTRAIGHT_JOIN|^UPDATE))"
    r"\s+(?:(?P<table>toolsync_\w+)|§(?P<part>\d+))"
)


@dataclass(frozen=True)
class Statement:
    """One statement of an SQL file.

    :param place: file and line of its end, relative to `include/sql`: `users/32_create.sql:14`.
    :param sql: with the remarks above it, without directives; `{user}` for the site's table `user`.
    :param directives: those above it.
    :param in_order: it changes rows of the site in the order of a work table's key, wherever that table is.
    :param in_memory: what makes its table in the server's memory instead; empty: it makes none that could be there.
    """

    place: str
    sql: str
    directives: tuple[Directive, ...] = ()
    in_memory: str = ""
    in_order: bool = False

    @cached_property
    def when(self) -> frozenset[str]:
        """The temporary tables that must all hold rows; otherwise there is nothing to do."""
        return frozenset(
            directive.table for directive in self.directives if not directive.function and not directive.column
        )

    @cached_property
    def call(self) -> Directive | None:
        """The function through which the rows of this SELECT go."""
        return next((directive for directive in self.directives if directive.function), None)

    @cached_property
    def chunks(self) -> Directive | None:
        """The table whose rows this INSERT takes range by range, from @first to @last."""
        return next((directive for directive in self.directives if directive.column), None)

    @cached_property
    def code(self) -> str:
        """Without comments, with every text emptied."""
        return bare(self.sql).strip()

    @cached_property
    def text(self) -> str:
        """Without the remarks above it."""
        return COMMENT.sub("", self.sql).strip()

    @cached_property
    def creates(self) -> str:
        """The temporary table that it makes; empty: none."""
        found = CREATES.match(self.code)
        return found[2] if found else ""

    @property
    def creates_if_missing(self) -> bool:
        """Whether it leaves a table alone that is there."""
        found = CREATES.match(self.code)
        return bool(found and found[1])

    @cached_property
    def fills(self) -> str:
        """The temporary table that it inserts into; empty: none."""
        found = FILLS.match(self.code)
        return found[1] if found else ""

    @cached_property
    def drops(self) -> str:
        """The temporary table that it drops; empty: none."""
        found = DROPS.match(self.code)
        return found[2] if found else ""

    @cached_property
    def empties(self) -> str:
        """The temporary table whose rows it all deletes; empty: none."""
        found = EMPTIES.match(self.code)
        return found[1] if found else ""

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The temporary tables that it reads or writes, without the one that it makes or drops."""
        return tuple(NAMED.findall(self.code))

    @property
    def only_defines(self) -> bool:
        """Whether it makes a table by naming its columns, not by a SELECT."""
        return bool(self.creates) and not re.search(r"\bSELECT\b", self.code, re.IGNORECASE)

    @cached_property
    def makes_empty(self) -> bool:
        """Whether the table that it makes has no rows at first."""
        return bool(self.creates) and (self.only_defines or self.code.endswith("LIMIT 0"))

    @cached_property
    def needs(self) -> frozenset[str]:
        """Temporary tables without whose rows it does nothing: what an INSERT, UPDATE, DELETE or a function's SELECT goes through."""
        if not re.match("INSERT|UPDATE|DELETE", self.code) and not self.call:
            return frozenset()
        return driving_tables(self.code)

    @cached_property
    def writes(self) -> str:
        """The table of the site that it changes, and whose rows it locks; empty: none."""
        found = WRITES.match(self.code)
        return found[1] if found else ""

    @property
    def changes_by(self) -> frozenset[str]:
        """The temporary tables that say which rows of the site it changes or deletes."""
        return self.needs if self.writes and not self.code.startswith("INSERT") else frozenset()

    @property
    def writes_site(self) -> bool:
        """Whether it changes a table of the site, and so locks rows."""
        return bool(self.writes)


def driving_tables(code: str) -> frozenset[str]:
    """The temporary tables that a statement needs rows of to find any row: those that it reads FROM and joins, but for LEFT JOINs, also within derived tables.

    :param code: without comments and texts.
    """
    inner: list[
        tuple[frozenset[str], bool]
    ] = []  # of the parts in parentheses, by number: tables, and whether an aggregate makes the row

    def of(part: str) -> tuple[frozenset[str], bool]:
        aggregate = bool(AGGREGATE.search(part)) or any(inner[int(n)][1] for n in re.findall(r"§(\d+)", part))
        if re.match(r"\s*(?:SELECT|WITH)\b", part, re.IGNORECASE):
            return tables_of(part, aggregate), False
        return tables_of(part, aggregate and "SELECT" in part.upper()), aggregate

    def tables_of(part: str, aggregate: bool) -> frozenset[str]:
        if ELSEWHERE.search(part) or (aggregate and not re.search(r"\bGROUP\s+BY\s+[^§\s]", part, re.IGNORECASE)):
            return frozenset()
        found: set[str] = set()
        for source in SOURCE.finditer(part):
            if not source["left"]:
                found |= inner[int(source["part"])][0] if source["part"] else {source["table"]}
        return frozenset(found)

    while parentheses := INNERMOST.search(code):
        inner.append(of(parentheses[1]))
        code = f"{code[: parentheses.start()]} §{len(inner) - 1} {code[parentheses.end() :]}"
    return of(code)[0]


def cut(rendered: str) -> list[Statement]:
    """The statements of a rendered file.

    :raises SqlError: it is not written as `include/sql/README.md` says.
    """
    cutter = _Cutter()
    for line in rendered.split("\n"):
        cutter.take(line)
    return cutter.statements


def definitions(rendered: str) -> str:
    """What a rendered `columns.sql` adds to the definition of a table.

    :raises SqlError: it holds more than that.
    """
    lines = []
    for line in rendered.split("\n"):
        marked = MARKED.match(line)
        if marked and not marked["end"]:
            raise SqlError(
                marked["place"],
                "this file holds definitions of columns and keys, no comments, directives or statements",
            )
        if not marked:
            lines.append(line)
    return "\n".join(lines).strip()


class _Cutter:
    """Cuts line by line."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self._begin()

    def _begin(self) -> None:
        self._lines: list[str] = []
        self._directives: list[Directive] = []
        self._begun = False  # whether there is code of the next statement yet

    def take(self, line: str) -> None:
        marked = MARKED.match(line)
        text, place = (marked["text"], marked["place"]) if marked else (line, "")
        if joined := JOINED.search(text):
            raise SqlError(joined[1], "Jinja joins the next line to this one: no `{%-` behind a comment or a `;`")
        if marked and marked["end"]:
            self._end_of_file(place, text)
        elif text.lstrip().startswith("--"):
            self._comment(place, text)
        elif text.strip():
            self._code(place, text)
        else:
            self._blank_line()

    def _comment(self, place: str, text: str) -> None:
        if not place:
            raise SqlError(
                self._last_place(),
                f"below this statement, Jinja writes a comment: {text.strip()!r}. Write it in the file",
            )
        directive = read_comment(place, text.strip())
        if directive is None:
            self._lines.append(text)
            return
        if self._begun:
            raise SqlError(place, "a directive stands above its statement, not within it")
        if (directive.function or directive.column) and any(
            other.function or other.column for other in self._directives
        ):
            raise SqlError(place, "a second `-- python:` or `-- chunks:` above one statement")
        self._directives.append(directive)

    def _code(self, place: str, text: str) -> None:
        self._begun = True
        self._lines.append(text)
        if place:
            self._finish(place)

    def _blank_line(self) -> None:
        if self._directives and not self._begun:
            raise SqlError(
                self._directives[-1].place,
                "a directive stands directly above its statement, without a blank line or a line of Jinja between",
            )
        self._lines.append("")

    def _end_of_file(self, place: str, text: str) -> None:
        if self._begun or text.strip():
            last = text.strip() or next(line.strip() for line in reversed(self._lines) if line.strip())
            raise SqlError(place, f"the last statement has no `;` at the end of its line: {last}")
        if self._directives:
            raise SqlError(self._directives[-1].place, "a directive above nothing")
        self._begin()

    def _finish(self, place: str) -> None:
        sql = "\n".join(self._lines).strip()
        self.statements.append(_checked(place, sql.removesuffix(";").rstrip(), tuple(self._directives)))
        self._begin()

    def _last_place(self) -> str:
        return self.statements[-1].place if self.statements else "(the first line)"


@lru_cache(maxsize=STATEMENTS)
def _checked(place: str, sql: str, directives: tuple[Directive, ...]) -> Statement:
    """A statement that is written as `include/sql/README.md` says.

    :raises SqlError: it is not.
    """
    statement = Statement(place, sql, directives)
    if not statement.code:
        raise SqlError(place, "a `;` that ends no statement")
    if re.search("['\"]", statement.code.replace("''", "")):
        raise SqlError(place, "a quote is opened and not closed, or a text holds a `;` at the end of a line")
    if found := re.search(r";|/\*|#", statement.code):
        raise SqlError(
            place,
            f"{found[0]!r} within a statement: one statement ends with `;` at the end of a line, and comments begin with `-- `",
        )
    if not re.match(r"[A-Z]+\b", statement.code) or re.match(
        r"REPLACE\b|INSERT\s+(?!INTO\b|IGNORE\s+INTO\b)", statement.code
    ):
        raise SqlError(
            place,
            "a statement begins with its words in capitals, one that inserts with INSERT INTO or INSERT IGNORE INTO",
        )
    if statement.call and not re.match(r"SELECT\b", statement.code, re.IGNORECASE):
        raise SqlError(statement.call.place, "`-- python:` stands above a SELECT, whose rows go through the function")
    if (chunks := statement.chunks) and not (
        statement.code.startswith("INSERT")
        and re.search(rf"\b{chunks.column} BETWEEN @first AND @last\b", statement.code)
    ):
        raise SqlError(
            chunks.place,
            f"`-- chunks:` stands above an INSERT whose SELECT has the condition `{chunks.column} BETWEEN @first AND @last`",
        )
    return statement
