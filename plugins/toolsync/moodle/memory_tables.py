"""Work tables that the server keeps in memory: those whose rows are short.

A row of a temporary InnoDB table costs the server as much as one of the site. What such a table holds needs none of that: after an error or a rollback
every work table is dropped.
"""

from __future__ import annotations

import re
from functools import cache

ENGINE = "ENGINE = MEMORY"
WIDEST = 2200  # bytes of a row and its keys, which take all of them, however short the texts are: seven thousand fit where the server's limit is as usual
OF_A_KEY = 48  # bytes of a row in one, besides
WIDTH = "AVG_ROW_LENGTH = {}"  # the server reads it as a hint; `row_bytes` as what we found
CHARACTER = 4  # bytes
DEFINITION = re.compile(
    r"(?P<head>.*?CREATE\s+TEMPORARY\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?\w+\s*)\((?P<parts>.*)\)\s*", re.DOTALL
)
BETWEEN = re.compile(r",\s*(?![^()]*\))")
KEY = re.compile(r"(?:PRIMARY\s+KEY|UNIQUE\s+KEY|KEY)\b[^()]*\([^()]*\)")
COLUMN = re.compile(r"`?(?P<name>\w+)`?\s+(?P<type>[A-Z]+)(?:\((?P<length>\d+)(?:,\d+)?\))?(?:\s.*)?", re.DOTALL)
NUMBERS = {"TINYINT": 1, "INT": 4, "BIGINT": 8, "DECIMAL": 16}
TEXTS = {"CHAR", "VARCHAR"}


def in_memory(statement: str) -> str:
    """The statement that makes a table in memory; empty: its rows are too long, or hold what no such table takes.

    :param statement: `CREATE TEMPORARY TABLE name (columns and keys)`.
    """
    found = DEFINITION.fullmatch(statement)
    if not found:
        return ""
    widths: dict[str, int] = {}
    columns, keys = [], []
    for part in map(str.strip, BETWEEN.split(found["parts"].strip())):
        if KEY.fullmatch(part):
            keys.append(f"{part} USING BTREE")  # a hash finds no range of values, and no first column of several
            continue
        column = COLUMN.fullmatch(part)
        if column is None or column["type"] not in NUMBERS.keys() | TEXTS:
            return ""
        kind = column["type"]
        widths[column["name"]] = CHARACTER * int(column["length"] or 1) if kind in TEXTS else NUMBERS[kind]
        plain = re.sub(r"\s+PRIMARY\s+KEY$", "", part)
        if plain != part:
            keys.insert(0, f"PRIMARY KEY ({column['name']}) USING BTREE")
        columns.append(plain)
    in_keys = re.findall(r"\w+", " ".join(re.sub(r".*\((.*)\).*", r"\1", key) for key in keys))
    width = sum(widths.values()) + sum(widths[name] for name in in_keys) + OF_A_KEY * len(keys)
    return f"{found['head']}({', '.join([*columns, *keys])}) {ENGINE} {WIDTH.format(width)}" if width <= WIDEST else ""


def sole_key(statement: str) -> str:
    """The column that alone is the primary key of a table in memory; empty: none is.

    :param statement: that makes it.
    """
    found = re.search(r"PRIMARY KEY \((\w+)\) USING BTREE", statement)
    return found[1] if found else ""


@cache
def row_bytes(statement: str) -> int:
    """The memory that a row of a table takes, keys included; 0: it is not in memory.

    :param statement: that made it.
    """
    found = re.search(WIDTH.format(r"(\d+)"), statement) if ENGINE in statement else None
    return int(found[1]) if found else 0
