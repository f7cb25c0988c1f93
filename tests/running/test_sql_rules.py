"""Every statement of every type, rendered for many files and Params, keeps to what MySQL 8.0 and MariaDB 10.6 both take. MySQL's own refusals, where no MySQL is at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from typing import Any

import pytest
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from tests.support.blueprint import LATER, NEWEST, OLDEST, VERSIONS, state_of
from tests.support.blueprint import tables as site_tables
from tests.support.sql_folders import CHANGES, FOLDERS, choices, headers, undone
from toolsync.functions import sql_folder
from toolsync.running.sql_folder import Occasion
from toolsync.running.statements import COMMENT, Statement, cut

# Words that MySQL 8 reserves and that somebody may take for a name; MariaDB does not reserve most of them.
RESERVED = {
    "accessible",
    "add",
    "all",
    "alter",
    "analyze",
    "and",
    "as",
    "asc",
    "asensitive",
    "before",
    "between",
    "bigint",
    "binary",
    "blob",
    "both",
    "by",
    "call",
    "cascade",
    "case",
    "change",
    "char",
    "character",
    "check",
    "collate",
    "column",
    "condition",
    "constraint",
    "continue",
    "convert",
    "create",
    "cross",
    "cube",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "cursor",
    "database",
    "databases",
    "day_hour",
    "day_microsecond",
    "day_minute",
    "day_second",
    "dec",
    "decimal",
    "declare",
    "default",
    "delayed",
    "delete",
    "dense_rank",
    "desc",
    "describe",
    "deterministic",
    "distinct",
    "distinctrow",
    "div",
    "double",
    "drop",
    "each",
    "else",
    "elseif",
    "empty",
    "enclosed",
    "escaped",
    "except",
    "exists",
    "exit",
    "explain",
    "false",
    "fetch",
    "first_value",
    "float",
    "float4",
    "float8",
    "for",
    "force",
    "foreign",
    "from",
    "fulltext",
    "function",
    "generated",
    "get",
    "grant",
    "group",
    "grouping",
    "groups",
    "having",
    "high_priority",
    "hour_microsecond",
    "hour_minute",
    "hour_second",
    "if",
    "ignore",
    "in",
    "index",
    "infile",
    "inner",
    "inout",
    "insensitive",
    "insert",
    "int",
    "int1",
    "int2",
    "int3",
    "int4",
    "int8",
    "integer",
    "intersect",
    "interval",
    "into",
    "io_after_gtids",
    "io_before_gtids",
    "is",
    "iterate",
    "join",
    "json_table",
    "key",
    "keys",
    "kill",
    "lag",
    "last_value",
    "lateral",
    "lead",
    "leading",
    "leave",
    "left",
    "like",
    "limit",
    "linear",
    "lines",
    "load",
    "localtime",
    "localtimestamp",
    "lock",
    "long",
    "longblob",
    "longtext",
    "loop",
    "low_priority",
    "manual",
    "master_bind",
    "master_ssl_verify_server_cert",
    "match",
    "maxvalue",
    "mediumblob",
    "mediumint",
    "mediumtext",
    "middleint",
    "minute_microsecond",
    "minute_second",
    "mod",
    "modifies",
    "natural",
    "not",
    "no_write_to_binlog",
    "nth_value",
    "ntile",
    "null",
    "numeric",
    "of",
    "on",
    "optimize",
    "optimizer_costs",
    "option",
    "optionally",
    "or",
    "order",
    "out",
    "outer",
    "outfile",
    "over",
    "parallel",
    "partition",
    "percent_rank",
    "precision",
    "primary",
    "procedure",
    "purge",
    "qualify",
    "range",
    "rank",
    "read",
    "reads",
    "read_write",
    "real",
    "recursive",
    "references",
    "regexp",
    "release",
    "rename",
    "repeat",
    "replace",
    "require",
    "resignal",
    "restrict",
    "return",
    "revoke",
    "right",
    "rlike",
    "row",
    "rows",
    "row_number",
    "schema",
    "schemas",
    "second_microsecond",
    "select",
    "sensitive",
    "separator",
    "set",
    "show",
    "signal",
    "smallint",
    "spatial",
    "specific",
    "sql",
    "sqlexception",
    "sqlstate",
    "sqlwarning",
    "sql_big_result",
    "sql_calc_found_rows",
    "sql_small_result",
    "ssl",
    "starting",
    "stored",
    "straight_join",
    "system",
    "table",
    "tablesample",
    "terminated",
    "then",
    "tinyblob",
    "tinyint",
    "tinytext",
    "to",
    "trailing",
    "trigger",
    "true",
    "undo",
    "union",
    "unique",
    "unlock",
    "unsigned",
    "update",
    "usage",
    "use",
    "using",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "values",
    "varbinary",
    "varchar",
    "varcharacter",
    "varying",
    "virtual",
    "when",
    "where",
    "while",
    "window",
    "with",
    "write",
    "xor",
    "year_month",
    "zerofill",
}

# Functions that both servers have, by one meaning.
FUNCTIONS = {
    "AVG",
    "CAST",
    "CHAR_LENGTH",
    "COALESCE",
    "CONCAT",
    "CONCAT_WS",
    "CONNECTION_ID",
    "CONVERT",
    "COUNT",
    "DATE",
    "DENSE_RANK",
    "ELT",
    "FIND_IN_SET",
    "FLOOR",
    "FROM_UNIXTIME",
    "GREATEST",
    "GROUP_CONCAT",
    "HEX",
    "IF",
    "IFNULL",
    "INSTR",
    "JSON_ARRAY",
    "JSON_EXTRACT",
    "JSON_OBJECT",
    "JSON_QUOTE",
    "JSON_TABLE",
    "JSON_UNQUOTE",
    "LAST_INSERT_ID",
    "LEAST",
    "LEFT",
    "LENGTH",
    "LOCATE",
    "LOWER",
    "LPAD",
    "MAX",
    "MD5",
    "MIN",
    "NULLIF",
    "RAND",
    "REGEXP_REPLACE",
    "REGEXP_SUBSTR",
    "REPLACE",
    "ROUND",
    "ROW_COUNT",
    "ROW_NUMBER",
    "SHA1",
    "SHA2",
    "SUBSTRING",
    "SUBSTRING_INDEX",
    "SUM",
    "TO_BASE64",
    "TRIM",
    "UPPER",
    "UUID",
}
NOT_CALLED = {
    "AND",
    "AS",
    "CHAR",
    "COLUMNS",
    "DECIMAL",
    "EXISTS",
    "FROM",
    "IN",
    "INDEX",
    "JOIN",
    "KEY",
    "NOT",
    "ON",
    "OR",
    "OVER",
    "SELECT",
    "STRAIGHT_JOIN",
    "VALUES",
    "VARCHAR",
    "WHEN",
    "WHERE",
}
# MySQL from 9.6 on has these as a component only, and then for texts only: where Moodle's own data is made by them, and nowhere else.
CLASSIC = re.compile(r"\b(?:MD5|SHA1?)\s*\(")
MADE_BY_MOODLE = {
    "SHA1(CONCAT('/', ": "files.pathnamehash",
    "SHA1('')": "files.contenthash of a folder",
    "SHA1(REPLACE(TO_BASE64(CONCAT(": "files_reference.referencehash",
    "MD5(r.username)": "user.email of a deleted account",
    "MD5(l.oldname)": "user.email of a deleted account",
}
NEWEST_READ = max(LATER)
STRINGS = re.compile(r"'(?:[^'\\]|\\.|'')*'")
CALLS = re.compile(r"(?<![\w`.])([A-Za-z_]\w*)\s*\(")
FROM_WORK_TABLE = re.compile(
    r"(UPDATE|DELETE\s+\w+\s+FROM)\s+toolsync_\w+\s(?:(?!\bJOIN\b).)*?\bSTRAIGHT_JOIN\b", re.DOTALL
)
# What holds rows of a table of the site.
ROWS_OF = re.compile(r"^(?:mdl|toolsync_(?:tpl|back|was|became))_")
BY_PRIMARY = " FORCE INDEX (PRIMARY)"
TO_THE_SITE = re.compile(r"\bSTRAIGHT_JOIN\s+`mdl_\w+`\s+(\w+)")
KINDS_OF_STATEMENT = (exp.Select, exp.SetOperation, exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop)


@cache
def without_comments(sql: str) -> str:
    return COMMENT.sub("", sql).strip()


@pytest.fixture(autouse=True, scope="module")
def files_cut_once() -> Iterator[None]:
    """Most files, and so their statements, are the same for most headers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolsync.running.sql_folder.cut", cache(cut))
        yield


@cache
def statements(folder: str) -> dict[str, tuple[Statement, set[str]]]:
    """Every statement that a type may send, and the versions of Moodle to which it may send it."""
    found: dict[str, tuple[Statement, set[str]]] = {}
    every, header = list(choices(folder)), list(headers(folder))
    for version in VERSIONS:
        state = state_of(version)
        # The newest version in full, the oldest with all Params; what lies between has the tables of one or the other.
        asked = [(columns, every[0]) for columns in header[:2]]
        if version in (NEWEST, OLDEST):
            asked += [(columns, options) for columns in header[:2] for options in every[1:]]
        if version == NEWEST:
            asked += [(columns, every[0]) for columns in header[2:]]
        occasions = [(*one, CHANGES) for one in asked]
        if folder == "undo" and version == NEWEST:  # runs that did but one thing, too
            occasions += [(*asked[0], (change,)) for change in CHANGES]
        for (plain, families), chosen, changes in occasions:
            options = {**chosen, "accept_newer": True} if version in LATER else chosen
            occasion = Occasion(columns=plain, families=families, options=options, approved_plan=version == NEWEST)
            with undone(*changes) if version in (NEWEST, OLDEST) else nullcontext():
                rendered = sql_folder(folder, state, occasion)
            for statement in rendered.touches + rendered.work + rendered.end:
                found.setdefault(without_comments(statement.sql), (statement, set()))[1].add(version)
    return found


@cache
def parsed(sql: str) -> Any:
    """The statement as a tree. What the parser does not know is first written in a way that it does."""
    sql = re.sub(r"\bINTO\s+@\w+(?:\s*,\s*@\w+)*(?=\s+FROM\b|\s*$)", "", sql)
    return parse_one(re.sub(r"\bVALUES\((\w+)\)", r"VALUES_OF(\1)", sql), dialect="mysql")


class _Nodes:
    """The nodes of the tree at hand, walked once for all rules, by their types."""

    tree: exp.Expression | None = None
    by_type: dict[type[Any], list[Any]] = {}  # noqa: RUF012

    def begin(self, tree: exp.Expression) -> None:
        self.tree, self.by_type = tree, {}
        for node in tree.walk():
            self.by_type.setdefault(type(node), []).append(node)

    def of(self, tree: exp.Expression, *types: type[Any]) -> list[Any]:
        """Those of the tree, or of a part of it, of these types."""
        if tree is self.tree:
            return [node for kind, some in self.by_type.items() if issubclass(kind, types) for node in some]
        return [node for node in tree.walk() if isinstance(node, types)]


nodes = _Nodes()


def tables(tree: exp.Expression) -> list[exp.Table]:
    """Every place where a table is named to be read or written; not those that only say which of them a DELETE is about."""
    about = {id(table) for delete in nodes.of(tree, exp.Delete) for table in delete.args.get("tables") or ()}
    return [table for table in nodes.of(tree, exp.Table) if id(table) not in about and table.name]


@cache
def breaches(sql: str) -> tuple[str, ...]:
    """The rules that a statement breaks. Many are sent by several types."""
    return (*_without_its_index(sql), *_breaches(sql.replace(BY_PRIMARY, "")))


def _without_its_index(sql: str) -> Iterator[str]:
    """Where the server looks for the rows to be changed must not depend on its statistics: it locks what it goes through."""
    if not sql.startswith(("UPDATE", "DELETE")):
        return
    for alias in TO_THE_SITE.findall(sql):
        if re.search(rf"\b{alias}\.id = |= {alias}\.id\b", sql) and f" {alias}{BY_PRIMARY} ON {alias}.id = " not in sql:
            yield f"{alias} has an id, by which its rows are found: STRAIGHT_JOIN … {alias} ON {alias}.id = …"


def _breaches(sql: str) -> Iterator[str]:
    try:
        tree = parsed(sql)
    except SqlglotError as error:
        yield f"can't be read: {error}"
        return
    nodes.begin(tree)
    if not isinstance(tree, KINDS_OF_STATEMENT):
        yield f"{type(tree).__name__} is not a statement that we send"
    for rule in (
        temporary_twice,
        target_read_again,
        locks_only_what_it_changes,
        reserved_names,
        own_tables,
        not_for_both,
        unknown_functions,
        classic_hashes,
        cut_words,
        patient_patterns,
        text_beside_number,
    ):
        yield from rule(tree, sql)


def temporary_twice(tree: exp.Expression, sql: str) -> Iterator[str]:
    """MySQL: ERROR 1137, Can't reopen table."""
    names = [table.name for table in tables(tree) if table.name.startswith("toolsync_")]
    if not isinstance(tree, exp.Drop):
        yield from (f"{name} is named {names.count(name)} times" for name in set(names) if names.count(name) > 1)


def target_read_again(tree: exp.Expression, sql: str) -> Iterator[str]:
    """MySQL: ERROR 1093, You can't specify target table for update in FROM clause."""
    if isinstance(tree, exp.Insert) and isinstance(tree.expression, exp.Select) and not tree.args.get("conflict"):
        return  # what is read is put aside before the first row is written
    targets = set(written_tables(tree))
    for select in nodes.of(tree, exp.Select):
        if not (isinstance(tree, exp.Insert) and select is tree.expression):
            yield from (
                f"{table.name} is written, and read in a subquery" for table in tables(select) if table.name in targets
            )


def locks_only_what_it_changes(tree: exp.Expression, sql: str) -> Iterator[str]:
    """Whatever a table an UPDATE or DELETE names, it locks the rows that it reads there, until the commit."""
    if not isinstance(tree, exp.Update | exp.Delete):
        return
    targets, named = set(written_tables(tree)), [table.name for table in tables(tree)]
    for name in named:
        if name.startswith("mdl_") and (name not in targets or named.count(name) > 1):
            yield f"it locks rows of {name} that it does not change: INSERT … SELECT what is needed of them into a work table before"
    if len({name[:4] for name in targets}) > 1:
        yield "it changes a work table, too, through which it finds the rows of the site: the server may read that while it changes"
    # From a table of the site, the server may go through all its rows and lock each for a while.
    joined = {name[:4] for name in named} == {"mdl_", "tool"} and not targets <= {
        name for name in named if name[:4] == "tool"
    }
    if joined and not FROM_WORK_TABLE.match(sql):
        yield "it begins with a work table, from which STRAIGHT_JOIN leads to the rows of the site"


def written_tables(tree: exp.Expression) -> Iterator[str]:
    by_alias = {table.alias_or_name: table.name for table in tables(tree)}
    if isinstance(tree, exp.Insert):
        yield tree.this.this.name if isinstance(tree.this, exp.Schema) else tree.this.name
    elif isinstance(tree, exp.Delete):
        yield from (by_alias[table.name] for table in tree.args.get("tables") or [tree.this])
    elif isinstance(tree, exp.Update):
        for assignment in tree.expressions:
            yield by_alias[assignment.this.table or tree.this.alias_or_name]


def reserved_names(tree: exp.Expression, sql: str) -> Iterator[str]:
    """A word after a dot may be any."""
    for name in nodes.of(tree, exp.Identifier):
        column = name.parent
        qualified = isinstance(column, exp.Column) and column.this is name and column.table
        if not name.quoted and not qualified and name.name.lower() in RESERVED:
            yield f"{name.name} is reserved"


def own_tables(tree: exp.Expression, sql: str) -> Iterator[str]:
    """Nothing of the site's schema is changed, and nothing commits."""
    if isinstance(tree, exp.Create | exp.Drop):
        if not re.match(r"(CREATE|DROP) TEMPORARY TABLE\b", sql):
            yield "only temporary tables are made and dropped"
        named = tables(tree.this) if isinstance(tree, exp.Create) else tables(tree)
        yield from (f"{table.name} is not a name of ours" for table in named if not table.name.startswith("toolsync_"))
        yield from (
            f"{column.name}: a text has no default"
            for column in nodes.of(tree, exp.ColumnDef)
            if text_with_default(column)
        )
    for table in tables(tree):
        if not table.name.startswith(("toolsync_", "mdl_")) and table.name not in {"DUAL", *common_names(tree)}:
            yield f"{table.name} is neither ours nor the site's"


def text_with_default(column: exp.ColumnDef) -> bool:
    """MySQL: ERROR 1101."""
    return "TEXT" in str(column.kind) and any(
        isinstance(each.kind, exp.DefaultColumnConstraint) for each in column.constraints
    )


def common_names(tree: exp.Expression) -> set[str]:
    return {common.alias for common in nodes.of(tree, exp.CTE)}


def not_for_both(tree: exp.Expression, sql: str) -> Iterator[str]:
    """What one of the servers does not know."""
    if nodes.of(tree, exp.Returning) or re.search(r"\bRETURNING\b", STRINGS.sub("''", sql), re.IGNORECASE):
        yield "RETURNING is MariaDB's alone"
    if nodes.of(tree, exp.Except, exp.Intersect):
        yield "EXCEPT and INTERSECT came with MySQL 8.0.31"
    if re.search(
        r"\bVALUE\s*\(|\bLIMIT\s+ROWS\b|\bCREATE\s+OR\s+REPLACE\b|\bNEXT\s+VALUE\b",
        STRINGS.sub("''", sql),
        re.IGNORECASE,
    ):
        yield "MariaDB's alone"
    if isinstance(tree, exp.Update | exp.Delete):
        if nodes.of(tree, exp.With):
            yield "no WITH in what updates or deletes"
        several = tree.args.get("tables") or nodes.of(tree, exp.Join)
        if several and (tree.args.get("order") or tree.args.get("limit")):
            yield "no ORDER BY or LIMIT where several tables are joined"
        if not tree.args.get("tables") and isinstance(tree, exp.Delete) and tree.this.alias:
            yield "older servers refuse an alias here: DELETE x FROM y x"
    for subquery in nodes.of(tree, exp.Subquery):
        if (
            isinstance(subquery.this, exp.Query)
            and isinstance(subquery.parent, exp.From | exp.Join)
            and not subquery.alias
        ):
            yield "a derived table needs a name"
    for cast in nodes.of(tree, exp.Cast):
        if cast.to.this in (exp.DataType.Type.INT, exp.DataType.Type.VARCHAR):
            yield f"CAST AS {cast.to}"


def unknown_functions(tree: exp.Expression, sql: str) -> Iterator[str]:
    called = {name.upper() for name in CALLS.findall(STRINGS.sub("''", sql))} - NOT_CALLED - FUNCTIONS
    own = {name.upper() for name in common_names(tree)}
    yield from (
        f"{name}() is not one that is known to be on both servers"
        for name in called - own
        if not name.startswith("TOOLSYNC_")
    )


def classic_hashes(tree: exp.Expression, sql: str) -> Iterator[str]:
    """MySQL: ERROR 1305 without the component; with it ERROR 1123 for a number."""
    for found in CLASSIC.finditer(sql):
        if not sql.startswith(tuple(MADE_BY_MOODLE), found.start()):
            yield f"{sql[found.start() :][:40]}: SHA2(text, 256) where Moodle does not expect another; it is on every server"
    for hashed in nodes.of(tree, exp.SHA2):
        if isinstance(hashed.this, exp.Rand) or hashed.this.is_number:
            yield f"{hashed.sql()}: a text is hashed, CONCAT(…)"


def cut_words(tree: exp.Expression, sql: str) -> Iterator[str]:
    """A text that is too long for its column is NULL on MySQL, and cut on MariaDB."""
    for columns in re.findall(r"\bCOLUMNS\s*\((.*?)\)\s*\)", sql, re.DOTALL):
        if re.search(r"\b(?:(?:VAR)?CHAR|(?:TINY|MEDIUM)?TEXT)\b", columns):
            yield f"COLUMNS ({columns}): a text of JSON_TABLE is LONGTEXT, and cut by LEFT()"


def patient_patterns(tree: exp.Expression, sql: str) -> Iterator[str]:
    """MySQL: ERROR 3699, where a pattern begins with a run that it may begin to look for at each character of the text."""
    for pattern in re.findall(r"'(\[(?:\[:\w+:\]|[^\]])*\][*+][^']+)'", sql):
        yield f"'{pattern}' takes the square of the length of a text: (?<![…])[…]+ begins once"


def text_beside_number(tree: exp.Expression, sql: str) -> Iterator[str]:
    """MySQL: ERROR 1292 where something is written, as soon as a text is no number."""
    by_alias: dict[str, set[str]] = {}
    for table in tables(tree):
        by_alias.setdefault(table.alias_or_name, set()).add(ROWS_OF.sub("", table.name))
    for pair in nodes.of(tree, exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.GT, exp.GTE, exp.LT, exp.LTE):
        if {is_text(side, by_alias) for side in (pair.this, pair.expression)} == {True, False}:
            yield f"{pair.sql()}: a text and a number"


def is_text(side: exp.Expression, by_alias: dict[str, set[str]]) -> bool | None:
    """Whether a side of a comparison is a text or a number, if it is a column of the site or written out."""
    if isinstance(side, exp.Literal):
        return None if side.is_string and side.name.isdecimal() else side.is_string
    names = by_alias.get(side.table, set()) if isinstance(side, exp.Column) else set()
    types = {kind for name in names for kind in column_types(name, side.name)}
    return None if len(types) != 1 else types.pop().endswith(("char", "text"))


@cache
def column_types(table: str, column: str) -> set[str]:
    return {site_tables(version).get(table, {}).get(column, "") for version in VERSIONS} - {""}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_statement_is_one_that_mysql_takes(folder: str):
    found = [
        f"{statement.place}: {breach}\n{sql}"
        for sql, (statement, _) in statements(folder).items()
        for breach in breaches(sql)
    ]
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_insert_keeps_others_from_inserting_for_long(folder: str):
    """MariaDB holds the AUTO-INC lock of the table to the end of an INSERT … SELECT."""
    whole = {
        statement.place
        for sql, (statement, _) in statements(folder).items()
        if isinstance(parsed(sql), exp.Insert) and names_both(sql) and not (statement.chunks or statement.fills)
    }
    assert whole == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_new_rows_get_their_ids_in_an_order_that_is_said(folder: str):
    """A table in memory that was emptied row by row, as with a binary log of rows, is read from its end on."""
    found = {
        statement.place
        for sql, (statement, _) in statements(folder).items()
        if statement.chunks and parsed(sql).expression.args.get("order") is None
    }
    assert found == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_a_window_numbers_is_not_cut(folder: str):
    """A range of rows would be numbered from 1 again, unless all rows of a partition are in one range."""
    cut_up = {
        statement.place.partition(":")[0]
        for sql, (statement, _) in statements(folder).items()
        if statement.chunks and any(statement.chunks.column not in partition for partition in windows(sql))
    }
    # Here each course has one line, and the range is of lines.
    assert cut_up <= {"courses/54_people.sql"}


def windows(sql: str) -> list[list[str]]:
    """The columns by which each window of a statement is partitioned."""
    return [
        [column.name for part in window.args.get("partition_by") or () for column in part.find_all(exp.Column)]
        for window in parsed(sql).find_all(exp.Window)
    ]


def names_both(sql: str) -> bool:
    """Whether a statement names tables of ours and of the site."""
    return {name.startswith("toolsync_") for name in named(sql)} == {True, False}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_table_that_a_statement_names_is_known(folder: str):
    """The temporary tables that a parser finds are those that the check of names looks at, and Moodle has the others. That which a statement writes is known."""
    for sql, (statement, _) in statements(folder).items():
        of_site = {name for name in written_tables(parsed(sql)) if name.startswith("mdl_")}
        assert {statement.writes} - {""} == of_site, statement.place
    found = [
        f"{statement.place}: {name}"
        for sql, (statement, versions) in statements(folder).items()
        for name in named(sql) - {statement.creates, *statement.named}
        if name.startswith("toolsync_") or not all(name.removeprefix("mdl_") in site_tables(each) for each in versions)
    ]
    assert found == []


# What compares the names of courses with those that are on their way out, too: these are taken, and so are the things that lines touch.
NAMES_TAKEN = {
    "courses/20_check.sql",
    "courses/32_make_courses.sql",
    "courses/touches.sql",
    "courses_restore/30_check.sql",
    "undo/15_changed.sql",
    "undo/50_put_back.sql",
}
NAMED_COURSE = re.compile(r"(\w+)\.`?(?:category <> 0|(?:shortname|idnumber)`? (?:=|LIKE))")


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_look_up_takes_a_course_that_is_being_deleted(folder: str):
    """From 5.3 on, Moodle may put off a deletion: the row is there, and no course any more."""
    found = {
        statement.place
        for sql, (statement, versions) in statements(folder).items()
        if NEWEST_READ in versions and not sql.startswith("UPDATE")
        if statement.place.partition(":")[0] not in NAMES_TAKEN
        for alias in NAMED_COURSE.findall(sql)
        if re.search(rf"`mdl_course` {alias}\b", sql) and f"{alias}.category = 0" not in sql
        if f"{alias}.deletioninprogress" not in sql
    }
    assert found == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_site_has_every_column_that_a_statement_names(folder: str):
    found = [
        f"{statement.place}: {column} is not in Moodle {version}"
        for sql, (statement, versions) in statements(folder).items()
        for column in columns_named(sql)
        for version in sorted(versions)
        if not any(name in site_tables(version)[table] for table, name in column)
    ]
    assert found == []


@cache
def columns_named(sql: str) -> set[tuple[tuple[str, str], ...]]:
    """The columns of the site's tables that a statement names: table and column, several pairs where an alias stands for several tables."""
    tree = parsed(sql)
    by_alias: dict[str, set[str]] = {}
    for table in tree.find_all(exp.Table):
        by_alias.setdefault(table.alias_or_name, set()).add(table.name)
    for derived in tree.find_all(exp.Subquery, exp.CTE, exp.TableAlias):
        by_alias.setdefault(derived.alias_or_name, set()).add("")
    found = {
        tuple((name.removeprefix("mdl_"), column.name) for name in sorted(by_alias[column.table]))
        for column in tree.find_all(exp.Column)
        if column.table and not isinstance(column.this, exp.Star)
        if all(name.startswith("mdl_") for name in by_alias.get(column.table, {""}))
    }
    if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema) and tree.this.this.name.startswith("mdl_"):
        found |= {((tree.this.this.name.removeprefix("mdl_"), column.name),) for column in tree.this.expressions}
    return found


def named(sql: str) -> set[str]:
    """The tables that a statement names, but for those that it drops."""
    tree = parsed(sql)
    return (
        set() if isinstance(tree, exp.Drop) else {table.name for table in tables(tree)} - common_names(tree) - {"DUAL"}
    )
