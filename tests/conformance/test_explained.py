"""What `make scenario` shows of a difference."""

from tests.conformance import rowdiff
from tests.conformance.explained import explained


def shown(moodle: dict, ours: dict) -> list[str]:
    return "\n".join(explained(rowdiff.compare({"user": moodle}, {"user": ours}))).strip().splitlines()


def test_an_update_shows_the_columns_that_differ():
    moodle = {"updated": [{"id": "user#8", "set": {"city": ["Paris", "Oslo"], "lang": ["fr", "no"]}}]}
    ours = {"updated": [{"id": "user#8", "set": {"city": ["Paris", "Rome"]}}]}
    assert shown(moodle, moodle) == []
    assert shown(moodle, ours) == [
        "user#8 updated by both, with differences:",
        "  city",
        '    Moodle     "Paris" → "Oslo"',
        '    Tool Sync  "Paris" → "Rome"',
        "  lang",
        '    Moodle     "fr" → "no"',
        "    Tool Sync  left it as it was",
    ]


def test_new_rows_are_paired_by_what_they_have_in_common():
    ada, bob = {"username": "ada", "city": "Oslo", "lang": "no"}, {"username": "bob", "city": "", "lang": "en"}
    assert shown({"inserted": [ada, bob]}, {"inserted": [{**ada, "city": "Rome"}]}) == [
        "A row of user inserted by Moodle alone:",
        '  city ""',
        '  lang "en"',
        '  username "bob"',
        "",
        "A row of user inserted by both, with differences:",
        '  alike in lang "no", username "ada"',
        "  city",
        '    Moodle     "Oslo"',
        '    Tool Sync  "Rome"',
    ]


def test_rows_of_one_of_the_two():
    assert shown({"deleted": [{"id": "user#7"}]}, {}) == ["user#7 deleted by Moodle alone:"]
    assert shown({}, {"updated": [{"id": "user#7", "set": {"city": ["", "Oslo"]}}]}) == [
        "user#7 updated by Tool Sync alone:",
        '  city "" → "Oslo"',
    ]
