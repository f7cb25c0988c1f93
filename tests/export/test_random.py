"""Whatever texts and numbers a site holds, what is exported and applied again changes nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import MySQLdb
import pytest

from tests.support.export import changes_nothing
from tests.support.nasty import NASTY
from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")

TEXTS = {
    "user": ["username", "firstname", "lastname", "email", "idnumber", "auth", "city", "country", "lang", "timezone", "institution", "department", "phone1", "address",
             "description", "theme", "middlename", "alternatename", "firstnamephonetic"],
    "course": ["shortname", "fullname", "idnumber", "summary", "format", "lang", "theme"],
    "course_categories": ["name", "idnumber"],
    "cohort": ["name", "idnumber", "description", "component"],
    "groups": ["name", "idnumber", "description"],
    "groupings": ["name", "idnumber", "description"],
    "user_info_data": ["data"],
    "customfield_data": ["value"],
    "course_format_options": ["value"],
    "role_names": ["name"],
    "tag": ["name", "rawname"],
}  # fmt: skip
NUMBERS = {
    "user": ["suspended", "mailformat", "maildisplay", "maildigest", "trackforums", "emailstop", "descriptionformat"],
    "course": ["visible", "summaryformat", "startdate", "enddate", "newsitems", "showgrades", "groupmode", "groupmodeforce", "enablecompletion", "downloadcontent",
               "showcompletionconditions", "maxbytes", "legacyfiles", "defaultgroupingid"],
    "cohort": ["visible"],
    "groups": ["visibility", "participation"],
    "user_enrolments": ["status", "timestart", "timeend"],
    "enrol": ["status", "roleid", "customint2", "enrolstartdate", "enrolenddate"],
    "tag_instance": ["ordering"],
    "customfield_data": ["intvalue"],
}  # fmt: skip
VALUES = [0, 1, 2, 3, 7, -1, 1700000000, 1700000001, 1800000000, 253402300799, 99999999999]
CELLS = 60  # that are changed


def spoil(site: Site, chance: random.Random) -> None:
    """Put nasty values into cells of the site, where the database takes them."""
    columns: list[tuple[str, str, Sequence[Any]]] = [
        (table, column, NASTY) for table, names in TEXTS.items() for column in names
    ]
    columns += [(table, column, VALUES) for table, names in NUMBERS.items() for column in names]
    for _ in range(CELLS):
        table, column, values = chance.choice(columns)
        rows = site.rows(f"SELECT id FROM {{{table}}} WHERE id > 2 ORDER BY id")
        value = chance.choice(values)
        if isinstance(value, str):
            value = value.encode(errors="ignore").decode()
        with suppress(MySQLdb.Error):
            site.rows(f"UPDATE {{{table}}} SET `{column}` = %s WHERE id = %s", (value, chance.choice(rows)[0]))


@pytest.mark.parametrize("seed", [1, 2])
def test_random_values(site: Site, seed: int):
    chance = random.Random(seed)
    spoil(site, chance)
    changes_nothing(site, user_id_field=chance.choice(["username", "idnumber", "email"]))
