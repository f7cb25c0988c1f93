"""Work tables that the server keeps in memory: those whose rows are short.

A row of a temporary InnoDB table costs the server as much as one of the site. What such a table holds needs none of that: after an error or a rollback
every work table is dropped.
"""

from __future__ import annotations

import re

ENGINE = "ENGINE = MEMORY"
WIDEST = 1200  # bytes of a row, which takes all of them, however short its texts are
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
    columns, keys, width = [], [], 0
    for part in BETWEEN.split(found["parts"].strip()):
        if KEY.fullmatch(part.strip()):
            keys.append(
                f"{part.strip()} USING BTREE"
            )  # a hash finds no range of values, and no first column of several
            continue
        column = COLUMN.fullmatch(part.strip())
        if column is None or column["type"] not in NUMBERS.keys() | TEXTS:
            return ""
        width += CHARACTER * int(column["length"] or 1) if column["type"] in TEXTS else NUMBERS[column["type"]]
        plain = re.sub(r"\s+PRIMARY\s+KEY$", "", part.strip())
        if plain != part.strip():
            keys.insert(0, f"PRIMARY KEY ({column['name']}) USING BTREE")
        columns.append(plain)
    return f"{found['head']}({', '.join([*columns, *keys])}) {ENGINE}" if width <= WIDEST else ""
