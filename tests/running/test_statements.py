"""How SQL files are written: whatever is nearly right is refused with its file and line, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from toolsync.functions import NAMES
from toolsync.moodle.session import MoodleSession
from toolsync.running.execution import STAGED
from toolsync.running.sql_folder import Function, Language, Occasion, SqlFolder
from toolsync.running.sql_text import SqlError
from toolsync.running.state import RunState

LANGUAGE = Language(
    {
        "shout": Function(lambda rows, _state: rows),
        "whisper": Function(lambda rows, _state: rows, makes=("toolsync_low_",)),
    },
    {name: NAMES[name] for name in ("option", "given", "table")},
)
MADE = "CREATE TEMPORARY TABLE toolsync_x (line INT);"


def folder(tmp_path: Path, files: Mapping[str, str]) -> SqlFolder:
    """A type of these files; a name without a folder is the type's own."""
    for name, text in files.items():
        path = tmp_path / (name if "/" in name else f"toy/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    session = MoodleSession(None, "mdl_", {})
    session.collation = "utf8mb4_bin"
    occasion = Occasion(columns={"city"}, options={"mode": "loud"})
    return SqlFolder("toy", RunState(session), occasion, LANGUAGE, staged=STAGED, root=tmp_path)


def refusal(tmp_path: Path, files: Mapping[str, str]) -> str:
    with pytest.raises(SqlError) as caught:
        folder(tmp_path, files)
    return str(caught.value).removeprefix("include/sql/")


NEARLY_DIRECTIVES = [
    "-- When: toolsync_x",
    "-- WHEN: toolsync_x",
    "-- when: toolsync_x, toolsync_row",
    "-- when: toolsync_x toolsync_row",
    "-- when toolsync_x",
    "-- when : toolsync_x",
    "-- when:toolsync_x",
    "--  when: toolsync_x",
    "-- when: toolsync_x.",
    "-- when: toolsync_x -- and only then",
    "-- when: mdl_user",
    "-- when:",
    "-- wen: toolsync_x",
    "-- Wen: toolsync_x",
    "-- wen toolsync_x",
    "-- if: toolsync_x",
    "-- Python: shout INTO toolsync_x",
    "-- python: shout into toolsync_x",
    "-- python: shout INTO x",
    "-- python: shout",
    "-- python shout INTO toolsync_x",
    "-- python: toolsync.shout INTO toolsync_x",
    "-- python: shout INTO toolsync_x, toolsync_row",
    "-- pyhton: shout INTO toolsync_x",
    "-- Pyhton shout INTO toolsync_x",
]


@pytest.mark.parametrize("line", NEARLY_DIRECTIVES)
def test_a_comment_that_is_nearly_a_directive_is_refused(tmp_path: Path, line: str):
    message = refusal(tmp_path, {"10_work.sql": f"{MADE}\n\n{line}\nSELECT 1;\n"})
    assert message.startswith(f"toy/10_work.sql:3: '{line}' is no directive. Write `-- when: toolsync_table`")


@pytest.mark.parametrize("line", NEARLY_DIRECTIVES[:3])
def test_also_where_jinja_leaves_it_out(tmp_path: Path, line: str):
    text = f"{MADE}\n{{% if option.mode == 'quiet' %}}\n{line}\nSELECT 1;\n{{% endif %}}\n"
    assert refusal(tmp_path, {"10_work.sql": text}).startswith("toy/10_work.sql:3: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Where directives stand
        (f"{MADE}\nSELECT 1 -- when: toolsync_x\n;\n", "2: a comment stands on a line of its own, above the code"),
        (f"{MADE}\nSELECT 1; -- when: toolsync_x\n", "2: a comment stands on a line of its own, above the code"),
        (
            f"{MADE}\nSELECT 1\n-- when: toolsync_x\n  FROM toolsync_x;\n",
            "3: a directive stands above its statement, not within it",
        ),
        (
            f"{MADE}\n-- when: toolsync_x\n\nSELECT 1;\n",
            "2: a directive stands directly above its statement, without a blank line",
        ),
        (
            f"{MADE}\n-- when: toolsync_x\n{{% if option.mode == 'quiet' %}}\nSELECT 1;\n{{% endif %}}\nSELECT 2;\n",
            "2: a directive stands directly above",
        ),
        (f"{MADE}\n-- when: toolsync_x\n", "2: a directive above nothing"),
        (
            f"{MADE}\n-- python: shout INTO toolsync_x\nUPDATE toolsync_x SET line = 1;\n",
            "2: `-- python:` stands above a SELECT",
        ),
        (
            f"{MADE}\n-- python: shout INTO toolsync_x\n-- python: whisper INTO toolsync_x\nSELECT 1;\n",
            "3: a second `-- python:` or `-- chunks:` above one statement",
        ),
        # Comments
        ("--when: toolsync_row\nSELECT 1;\n", "1: a comment begins with `-- `, not with '--w'"),
        (
            "-- Accounts that are there;\nSELECT 1;\n",
            "1: a comment that ends with `;` looks like the end of a statement",
        ),
        ("SELECT 1 # one\n;\n", "2: '#' within a statement"),
        ("/* when: toolsync_row */\nSELECT 1;\n", "2: '/*' within a statement"),
        ("SELECT 1;\n{{ '-- when: toolsync_row' }}\nSELECT 2;\n", "1: below this statement, Jinja writes a comment"),
        ("select 1;\n", "1: a statement begins with its words in capitals"),
        (
            f"{MADE}\nREPLACE INTO toolsync_x VALUES (1);\n",
            "2: a statement begins with its words in capitals, one that inserts",
        ),
        (
            f"{MADE}\nINSERT toolsync_x VALUES (1);\n",
            "2: a statement begins with its words in capitals, one that inserts",
        ),
        ("SET @a = 1,\n    @b = @a + 1;\n", "2: @a is set by this statement, too"),
        # Where statements end
        ("SELECT 1;\n\nSELECT 2\n", "3: the last statement has no `;` at the end of its line: SELECT 2"),
        (
            "SELECT 1;\n\nSELECT 2\n\n{# the end #}\n",
            "3: the last statement has no `;` at the end of its line: SELECT 2",
        ),
        ("SELECT 1; SELECT 2;\n", "1: ';' within a statement"),
        ("SELECT 1{{ ';' }}\n\nSELECT 2;\n", "3: ';' within a statement"),
        ("SELECT 1;\n;\n", "2: a `;` that ends no statement"),
        ("SELECT 1;\n{%- if option.mode == 'loud' %}SELECT 2{% endif %}\n", "1: Jinja joins the next line to this one"),
        ("SELECT 'Rome;\n'\n;\n", "1: a quote is opened and not closed, or a text holds a `;` at the end of a line"),
        ("SELECT 'Rome'',\n  FROM toolsync_row;\n", "2: a quote is opened and not closed"),
        ('SELECT "Rome\n  FROM toolsync_row;\n', "2: a quote is opened and not closed"),
        # Names
        (
            f"{MADE}\n-- python: shuot INTO toolsync_x\nSELECT 1;\n",
            "2: there is no function shuot in plugins/toolsync/functions.py, only shout, whisper",
        ),
        (
            f"{MADE}\n-- when: toolsync_y\nSELECT 1;\n",
            "2: no statement before this one makes the temporary table toolsync_y",
        ),
        (
            "-- python: shout INTO toolsync_y\nSELECT 1;\n",
            "1: no statement before this one makes the temporary table toolsync_y",
        ),
        (
            "INSERT INTO toolsync_y (line)\nSELECT 1;\n",
            "2: no statement before this one makes the temporary table toolsync_y",
        ),
        ("INSERT IGNORE INTO toolsync_y (line) SELECT 1;\n", "1: no statement before this one makes"),
        ("SELECT line\n  FROM toolsync_y;\n", "2: no statement before this one makes"),
        ("SELECT 1 FROM {user} u JOIN toolsync_y y ON y.line = u.id;\n", "1: no statement before this one makes"),
        (
            "SELECT 1 FROM {user} u STRAIGHT_JOIN toolsync_y y ON y.line = u.id;\n",
            "1: no statement before this one makes",
        ),
        ("SELECT 1 FROM (toolsync_y y JOIN {user} u ON y.line = u.id);\n", "1: no statement before this one makes"),
        ("SELECT line FROM `toolsync_y`;\n", "1: no statement before this one makes"),
        ("UPDATE toolsync_y SET line = 1;\n", "1: no statement before this one makes"),
        ("DELETE FROM toolsync_y;\n", "1: no statement before this one makes"),
        ("DROP TEMPORARY TABLE toolsync_y;\n", "1: no statement before this one makes"),
        (
            f"{MADE}\nDROP TEMPORARY TABLE toolsync_x;\nDELETE FROM toolsync_x;\n",
            "3: no statement before this one makes",
        ),
        (f"DELETE FROM toolsync_x;\n{MADE}\n", "1: no statement before this one makes"),
        (f"{MADE}\n{MADE}\n", "2: an earlier statement made the temporary table toolsync_x: drop it first"),
        (
            "-- when: toolsync_row\nSELECT 1;\n",
            "1: toolsync_row is always there: `-- when:` is for the tables that statements fill",
        ),
        # Jinja
        ("SELECT 1;\nSELECT {{ optoin.mode }};\n", "2: 'optoin' is undefined"),
        ("SELECT 1;\nSELECT {{ option.mood }};\n", "2: 'dict object' has no attribute 'mood'"),
        ("SELECT 1;\n{% if option.mode %}\nSELECT 2;\n", "2: Unexpected end of template"),
        ("SELECT 1;\nSELECT {{ option.mode | loud }};\n", "2: No filter named 'loud'."),
        ("SELECT 1;\n\n{% include 'toy/none.sql' %}\n", "3: there is no file toy/none.sql"),
        (
            "SELECT 1;\n{% for table in ['user'] %}\nDELETE FROM {{ table('user') }};\n{% endfor %}\n",
            "3: 'str' object is not callable",
        ),
    ],
)
def test_what_is_nearly_right_is_refused_with_its_place(tmp_path: Path, text: str, expected: str):
    assert refusal(tmp_path, {"10_work.sql": text}).startswith(f"toy/10_work.sql:{expected}")


@pytest.mark.parametrize(
    "text",
    [
        "-- What the type works out.\nuserid BIGINT NULL\n",
        "userid BIGINT NULL;\n",
        "-- when: toolsync_row\nuserid BIGINT NULL\n",
    ],
)
def test_columns_are_no_statements(tmp_path: Path, text: str):
    message = refusal(tmp_path, {"columns.sql": text})
    assert (
        message
        == "toy/columns.sql:1: this file holds definitions of columns and keys, no comments, directives or statements"
    )


def test_columns_may_be_jinja(tmp_path: Path):
    text = "{# Whose line it is. #}\nuserid BIGINT NULL{% if given('city') %},\nKEY (userid){% endif %}\n"
    assert folder(tmp_path, {"columns.sql": text}).columns == "userid BIGINT NULL,\nKEY (userid)"


GOOD = """-- Accounts whose city is another. When a remark goes on,
-- it may begin with a small word; it may name toolsync_row, a `;` in the middle, or "texts".
CREATE TEMPORARY TABLE toolsync_x (line INT, city VARCHAR(120));

{# Not for
   the server; #}
-- A remark between.
-- when: toolsync_x
-- when: toolsync_y
-- python: shout INTO toolsync_x
SELECT r.line, 'a;b -- c # d /* e */ it''s "so" \\' `f`', r.`city`, "it's"
  -- A remark within.
  FROM toolsync_row r;

SELECT 1 FROM {{ table("user") }} WHERE email LIKE '%@x';

{% if given("city") %}
-- when: toolsync_x
INSERT IGNORE INTO toolsync_x (line, city) SELECT 1, 'Rome';
{% endif %}
"""


def test_what_is_well_written_passes(tmp_path: Path):
    head = "CREATE TEMPORARY TABLE toolsync_y (line INT);\n"
    work = folder(tmp_path, {"05_before.sql": head, "10_work.sql": GOOD}).work
    assert [statement.place for statement in work] == [
        "toy/05_before.sql:1",
        *(f"toy/10_work.sql:{line}" for line in (3, 13, 15, 19)),
    ]
    made, call, named, filled = work[1:]
    assert made.creates == "toolsync_x"
    assert made.sql.endswith("DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    assert call.when == {"toolsync_x", "toolsync_y"}
    assert call.call and (call.call.function, call.call.table) == ("shout", "toolsync_x")
    assert "when:" not in call.sql and "python:" not in call.sql and "A remark between." in call.sql
    assert named.sql.endswith("FROM `mdl_user` WHERE email LIKE '%@x'")
    assert filled.fills == "toolsync_x"


def test_places_survive_includes_and_macros(tmp_path: Path):
    files = {
        "shared/step.sql": "{# A step. #}\n\nUPDATE {{ rows }}\n   SET status = 'failed';\nSELECT {{ wrong }};\n",
        "toy/macros.sql": "{% macro look(rows) %}\n-- A look.\nSELECT 1\n  FROM {{ rows }};\n{% endmacro %}\n",
        "10_work.sql": '{% from "toy/macros.sql" import look %}\n{{ look("toolsync_row") }}\n{{ look("toolsync_row") }}\n'
        '{% with rows="toolsync_row", wrong=1 %}{% include "shared/step.sql" %}{% endwith %}\nSELECT 2;\n',
    }
    work = folder(tmp_path, files).work
    assert [statement.place for statement in work] == ["toy/macros.sql:4"] * 2 + [
        "shared/step.sql:4",
        "shared/step.sql:5",
        "toy/10_work.sql:5",
    ]
    files["11_wrong.sql"] = '{% with rows="toolsync_z", wrong=1 %}{% include "shared/step.sql" %}{% endwith %}\n'
    assert (
        refusal(tmp_path, files)
        == "shared/step.sql:4: no statement before this one makes the temporary table toolsync_z"
    )
    files["11_wrong.sql"] = '{% with rows="toolsync_row" %}\n{% include "shared/step.sql" %}{% endwith %}\n'
    assert refusal(tmp_path, files) == "shared/step.sql:5: 'wrong' is undefined"
    files["11_wrong.sql"] = '{% from "toy/macros.sql" import look %}\n{{ look("toolsync_z") }}\n'
    assert refusal(tmp_path, files).startswith("toy/macros.sql:4: ")
    files["shared/step.sql"] = "SELECT {{ wrong }}\n"
    files["11_wrong.sql"] = '{% with wrong=1 %}\n{% include "shared/step.sql" %}{% endwith %}\n ORDER BY 1;\n'
    assert refusal(tmp_path, files).startswith("shared/step.sql:1: the last statement has no `;`")


def test_each_phase_begins_anew(tmp_path: Path):
    """Touches, work and end run one after another, and each begins without the temporary tables of the others."""
    files = {"touches.sql": f"{MADE}\n", "10_work.sql": "-- A remark.\nDELETE FROM toolsync_x;\n"}
    assert (
        refusal(tmp_path, files)
        == "toy/10_work.sql:2: no statement before this one makes the temporary table toolsync_x"
    )


def test_functions_may_make_tables(tmp_path: Path):
    text = (
        f"{MADE}\n-- python: whisper INTO toolsync_x\nSELECT 1;\n-- when: toolsync_low_a\nDELETE FROM toolsync_low_a;\n"
    )
    assert len(folder(tmp_path, {"10_work.sql": text}).work) == 3
    assert refusal(tmp_path, {"10_work.sql": text.replace("_low_", "_loud_")}).startswith("toy/10_work.sql:4: ")
