"""Which file of a Canvas package is which, and what people in it are called."""

from __future__ import annotations

import csv

from toolsync.feeds.archive import PackageFile
from toolsync.feeds.checked_file import Line
from toolsync.feeds.kinds import KINDS
from toolsync.reading.encodings import CODECS
from toolsync.reading.records import DELIMITERS

# Canvas tells files by their columns, whatever they are called: the first that has all of these is meant; `|` stands for or.
TOLD_BY = (
    ("change_sis_ids", "old_id|old_integration_id new_id|new_integration_id"),
    ("logins", "user_id login_id existing_user_id|existing_integration_id|existing_canvas_user_id"),
    ("user_observers", "observer_id student_id"),
    ("xlists", "xlist_course_id section_id"),
    ("users", "user_id login_id"),
    ("accounts", "account_id parent_account_id"),
    ("enrollments", "user_id|user_integration_id role|role_id course_id|section_id"),
    ("admins", "user_id role|role_id account_id"),
    ("group_memberships", "group_id user_id"),
    ("groups", "group_id name"),
    ("group_categories", "group_category_id category_name"),
    ("sections", "section_id course_id"),
    ("courses", "course_id short_name"),
    ("terms", "term_id name"),
)
ALSO_CALLED = {"groups_membership": "group_memberships", "groups_categories": "group_categories", "xlist": "xlists"}


def told_by_columns(file: PackageFile) -> str | None:
    """Which file of a Canvas package a file is, by its columns; None: none."""
    with file.path.open(encoding=CODECS[file.encoding], errors="replace", newline="") as stream:
        header = stream.readline(65536).removeprefix("\ufeff").strip()
    for delimiter in DELIMITERS:
        names = {name.strip().lower() for row in csv.reader([header], delimiter=delimiter) for name in row}
        for name, columns in TOLD_BY:
            if all(names.intersection(choice.split("|")) for choice in columns.split()):
                return name
    return None


def told_by_name(file: PackageFile) -> str | None:
    """Which file of a Canvas package a file seems to be, by its name; None: none."""
    base = file.name.rpartition("/")[2].lower().removesuffix(".csv")
    base = ALSO_CALLED.get(base, base)
    return base if base in {each.name for each in KINDS["canvas"].files} else None


def add_names(line: Line) -> None:
    """Give a person a first and a last name where the package has only both together."""
    values = line.values
    if values.get("first_name") or values.get("last_name"):
        return
    last, comma, first = values.get("sortable_name", "").partition(",")
    if not comma:
        first, _, last = (values.get("full_name") or values.get("short_name") or "").rpartition(" ")
    values.update({name: text for name, text in (("first_name", first.strip()), ("last_name", last.strip())) if text})
