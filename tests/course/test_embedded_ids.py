"""Ids within texts: in restrictions, block settings, question filters, lists, paths and formulas."""

from __future__ import annotations

import base64
import json
from typing import Any

import phpserialize
import pytest

from toolsync.course.availability import with_ids
from toolsync.course.graph_files import course_graph
from toolsync.course.text_counts import count_words
from toolsync.course.text_rewriters import Copy, Rewriters

ADDRESS = "https://moodle.example"
NEW = {
    ("course_modules", 7): 70, ("groups", 7): 71, ("groupings", 7): 72, ("grade_items", 7): 73, ("question_categories", 7): 74, ("question_categories", 8): 75,
    ("context", 7): 76, ("glossary", 7): 77, ("quiz", 7): 78, ("grade_categories", 7): 79, ("question", 7): 80, ("question", 8): 81, ("course", 7): 82,
}  # fmt: skip
COPY = Copy(82, 100, lambda table, old: NEW.get((table, old)))
REWRITERS = Rewriters(course_graph(), ADDRESS, {("quiz", 7): 7}, {55}.__contains__)


def rewritten(kind: str, text: str, more: str = "") -> str | None:
    change = REWRITERS.rewriter(kind, text, more)
    return change(COPY) if change else None


def restricted(*conditions: dict[str, Any], seconds: int = 0) -> Any:
    text = json.dumps({"op": "&", "c": conditions, "showc": [True]})
    found = with_ids(text, COPY.new_id, seconds)
    return json.loads(found)["c"] if found else None


@pytest.mark.parametrize(
    ("condition", "renamed"),
    [
        ({"type": "completion", "cm": 7, "e": 1}, {"type": "completion", "cm": 70, "e": 1}),
        ({"type": "completion", "cm": "7", "e": 1}, {"type": "completion", "cm": 70, "e": 1}),
        ({"type": "completion", "cm": 9, "e": 1}, {"type": "completion", "cm": 0, "e": 1}),
        ({"type": "group", "id": 7}, {"type": "group", "id": 71}),
        ({"type": "group", "id": 9}, {"type": "group", "id": -1}),
        ({"type": "grouping", "id": 7}, {"type": "grouping", "id": 72}),
        ({"type": "grouping", "id": 9}, {"type": "grouping", "id": -1}),
        ({"type": "grade", "id": 7, "min": 7}, {"type": "grade", "id": 73, "min": 7}),
        ({"op": "|", "c": [{"op": "!&", "c": [{"type": "group", "id": 7}]}]}, {"op": "|", "c": [{"op": "!&", "c": [{"type": "group", "id": 71}]}]}),
    ],
)  # fmt: skip
def test_restrictions_name_rows_of_the_copy(condition: dict[str, Any], renamed: dict[str, Any]):
    other = {"type": "profile", "sf": "7", "op": "isequalto", "v": "7"}
    assert restricted(other, condition) == [other, renamed]


@pytest.mark.parametrize(
    "condition",
    [
        {"type": "completion", "cm": -1, "e": 1},  # the previous activity
        {"type": "group"},  # any group
        {"type": "grouping", "activity": True},  # the activity's own
        {"type": "profile", "cf": "7", "op": "contains", "v": "7"},
        {"type": ["group"], "id": 7},
        {"type": "date", "d": ">=", "t": 7},
    ],
)
def test_restrictions_that_name_no_row_stay(condition: dict[str, Any]):
    assert restricted(condition) is None


def test_dates_of_restrictions_move():
    assert restricted({"type": "date", "d": "<", "t": 7}, {"type": "group"}, seconds=5) == [
        {"type": "date", "d": "<", "t": 12},
        {"type": "group"},
    ]
    assert (
        with_ids('{"op":"&","c":[{"type":"group","id":7}],"v":"\\u00e9\\/"}', COPY.new_id, 5)
        == '{"op":"&","c":[{"type":"group","id":71}],"v":"\\u00e9\\/"}'
    )
    assert with_ids("nonsense", COPY.new_id, 5) is None
    assert with_ids("[]", COPY.new_id, 5) is None


@pytest.mark.parametrize(
    ("kind", "text", "result"),
    [
        ("modules", "7,9", "70"),
        ("modules", "", ""),
        ("questions", "8,,7,9", "81,80"),
        ("path", "/7/", "/79/"),
        ("path", "/9/7/", "/9/79/"),
        ("calculation", "=##gi7##*2+sum(##gi9##;7)", "=##gi73##*2+sum(##gi9##;7)"),
        ("availability", '{"op":"&","c":[{"type":"date","d":">=","t":7}],"showc":[true]}', '{"op":"&","c":[{"type":"date","d":">=","t":107}],"showc":[true]}'),
        ("links", f"{ADDRESS}/course/view.php?id=7 and 7", f"{ADDRESS}/course/view.php?id=82 and 7"),
        ("links", "https://away.example/course/view.php?id=7", None),
        ("links", f'a:1:{{i:0;s:42:"{ADDRESS}/course/view.php?id=7"}}', None),  # a serialised PHP value states its length
    ],
)  # fmt: skip
def test_texts_of_each_kind(kind: str, text: str, result: str | None):
    assert rewritten(kind, text) == result


def test_an_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="no such kind"):
        REWRITERS.rewriter("magic", "7", "")


def filtered(condition: Any, context: str = "7") -> Any:
    found = rewritten("filter", json.dumps(condition), context)
    return json.loads(found) if found else None


def test_random_questions_are_drawn_from_the_copys_categories():
    category = {"jointype": 1, "values": [7, "8", 9], "filteroptions": {"includesubcategories": True}}
    found = filtered(
        {
            "filter": {"category": category, "qtagids": {"values": [7]}},
            "cat": "7,7",
            "cmid": "7",
            "courseid": 7,
            "tabname": "questions",
        }
    )
    assert found == {
        "filter": {"category": {**category, "values": [74, 75, 9]}, "qtagids": {"values": [7]}},
        "cat": "74,76", "cmid": "70", "courseid": 82, "tabname": "questions",
    }  # fmt: skip
    assert (
        filtered({"filter": {"category": {"values": [7]}}}, "9")["cat"] == "74,9"
    )  # the question bank of another course
    assert filtered({"questioncategoryid": "7", "includingsubcategories": "1"}) == {
        "questioncategoryid": "74",
        "includingsubcategories": "1",
    }


@pytest.mark.parametrize(
    "condition", [{"filter": []}, {"filter": {"category": {"values": []}}}, {"filter": {"qtagids": {"values": [7]}}}, {"cmid": None}, {"filter": [7]}, 7, [7]]
)  # fmt: skip
def test_filters_without_a_category_stay(condition: Any):
    assert filtered(condition) in (None, condition)


def settings(values: dict[str, Any]) -> str:
    return base64.b64encode(phpserialize.dumps(phpserialize.phpobject("stdClass", values))).decode()


def read(text: str | None) -> Any:
    return (
        text
        and phpserialize.loads(
            base64.b64decode(text), object_hook=phpserialize.phpobject, decode_strings=True
        ).__php_vars__
    )


@pytest.mark.parametrize(
    ("block", "values", "result"),
    [
        ("html", {"title": "Über", "text": f"<p>日本 {ADDRESS}/course/view.php?id=7 é</p>"}, {"title": "Über", "text": f"<p>日本 {ADDRESS}/course/view.php?id=82 é</p>"}),
        ("html", {"title": f"{ADDRESS}/course/view.php?id=7", "text": "x"}, None),
        ("html", {"title": "no text"}, None),
        ("glossary_random", {"glossary": "7", "globalglossary": 0, "refresh": 0}, {"glossary": 77, "refresh": 0}),
        ("glossary_random", {"glossary": "55"}, {"glossary": "55"}),  # a global glossary
        ("glossary_random", {"glossary": "9", "refresh": 1}, {"refresh": 1}),
        ("glossary_random", {"glossary": "none"}, None),
        ("activity_results", {"activityparent": "quiz", "activityparentid": "7", "showbest": 3}, {"activityparent": "quiz", "activityparentid": 78, "activitygradeitemid": "73", "showbest": 3}),
        ("activity_results", {"activityparent": "quiz", "activityparentid": "9"}, None),
        ("activity_results", {"activityparent": "user", "activityparentid": "7"}, None),
        ("tags", {"ctx": 7}, {"ctx": 76}),
        ("tags", {"ctx": "9"}, {"ctx": 0}),
        ("tags", {"numberoftags": 7}, None),
        ("some_other", {"course": 7, "text": f"{ADDRESS}/course/view.php?id=7"}, None),
    ],
)  # fmt: skip
def test_settings_of_blocks(block: str, values: dict[str, Any], result: dict[str, Any] | None):
    assert read(rewritten("block", settings(values), block)) == result


@pytest.mark.parametrize(
    "text", ["", "%", "é", "Tzo4OiJz", base64.b64encode(b"a:0:{}").decode(), base64.b64encode(b"i:7;").decode()]
)
def test_invalid_settings_stay(text: str):
    assert rewritten("block", text, "html") is None


def test_settings_in_another_encoding_keep_their_bytes():
    text = base64.b64encode(
        phpserialize.dumps(
            phpserialize.phpobject("stdClass", {b"text": b"caf\xe9 " + f"{ADDRESS}/course/view.php?id=7".encode()})
        )
    ).decode()
    assert (
        base64.b64decode(rewritten("block", text, "html") or "")
        == b'O:8:"stdClass":1:{s:4:"text";s:49:"caf\xe9 https://moodle.example/course/view.php?id=82";}'
    )


@pytest.mark.parametrize(
    ("text", "words", "letters"),
    [
        (None, 0, 0),
        ("", 0, 0),
        ("<p>One two</p><p>three</p>", 3, 11),
        ("a<b>b</b>c d", 2, 4),
        ("one<br>two&nbsp;three", 3, 11),
        ("<img src='x y'> &amp; — ", 1, 2),
    ],
)
def test_words_are_counted_as_moodle_counts_them(text: str | None, words: int, letters: int):
    assert count_words([(1, text, 1)]) == [(1, words, letters)]
