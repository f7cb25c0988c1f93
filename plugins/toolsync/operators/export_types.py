"""The types that `toolsync_export` writes files of: what a line can't do without, what an empty cell leaves alone, which Params a file needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolsync.reading.suite import load_suite

TYPED = {"yesno", "integer", "moment"}  # an empty cell of these says nothing
# The column of a cohorts file that Param `cohort_id_field` means, and that of a category by Param `category_id_field`.
COHORT_KEYS = {"idnumber": "cidnumber", "name": "cname", "id": "cid"}
COHORT_PLACES = {"path": "category_path", "idnumber": "ccatcontextidnumber", "id": "ccatcontext"}


@dataclass(frozen=True)
class ExportedType:
    """A type whose files are exported.

    :param needs: the columns that a line can't do without, besides that of Param `key`.
    :param silent: further columns whose empty cell leaves what is stored alone.
    :param key: the Param that says which column names the thing.
    :param found_by: the Params that say what things are found by, and other Params of the export that the file has to be applied with.
    :param applied_with: Params that the file has to be applied with, whatever the export was asked.
    :param on_another_site: further ones on a site that does not have these things.
    """

    needs: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    key: str | None = None
    found_by: tuple[str, ...] = ()
    applied_with: Mapping[str, Any] | None = None
    on_another_site: Mapping[str, Any] | None = None

    def params(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The Params with which its file has to be applied.

        :param given: the Params of the export.
        """
        there = self.on_another_site if given["for_another_site"] else None
        return {**{name: given[name] for name in self.found_by}, **(self.applied_with or {}), **(there or {})}


# Each of `toolsync.functions.EXPORTED`.
TYPES = {
    "courses": ExportedType(
        silent=("fullname", "format", "category", "category_idnumber", "category_path", "activitytype"),
        key="course_id_field",
        found_by=("course_id_field", "category_id_field"),
        applied_with={"force_update": True},
    ),
    "users": ExportedType(
        silent=("username", "firstname", "lastname", "email", "auth", "lang", "timezone"),
        key="user_id_field",
        found_by=("user_id_field",),
        on_another_site={"allow_missing_email": True},
    ),
    "cohorts": ExportedType(
        needs=("userid",),
        silent=("cname", *COHORT_PLACES.values()),
        key="cohort_id_field",
        found_by=("cohort_id_field", "user_id_field"),
        on_another_site={"auto_create": True},
    ),
    "enrolments": ExportedType(
        needs=("cmd", "rolename", "uid", "cid", "enrol"),
        found_by=("user_id_field", "course_id_field", "use_disabled_instances"),
        # A method that takes a key is disabled there, since keys are not exported.
        on_another_site={"use_disabled_instances": True},
    ),
    "groups": ExportedType(
        needs=("courseid", "type", "name"),
        silent=("idnumber", "description", "groupingname"),
        found_by=("course_id_field",),
    ),
    "cohort_bindings": ExportedType(
        needs=("cmd", "cohort", "course", "role"),
        silent=("makegroup",),
        found_by=("cohort_id_field", "course_id_field"),
    ),
    "course_meta_links": ExportedType(needs=("master", "meta", "cmd"), found_by=("course_id_field",)),
    "group_members": ExportedType(
        needs=("courseid", "groupid", "userid"),
        found_by=("course_id_field", "group_id_field", "user_id_field"),
    ),
}


@dataclass(frozen=True)
class Columns:
    """The columns of an export.

    :param names: all of them, in order.
    :param needed: those that a line can't do without.
    :param silent: those whose empty cell leaves what is stored alone.
    :param moments: those that hold Unix seconds.
    :param numbers: those that hold whole numbers, yes and no included.
    """

    names: tuple[str, ...]
    needed: frozenset[str]
    silent: frozenset[str]
    moments: frozenset[str]
    numbers: frozenset[str]


def columns_of(file_type: str, names: tuple[str, ...], params: Mapping[str, Any]) -> Columns:
    """Sort the columns of an export of a type.

    :param names: all of them, in order.
    :param params: those of the export.
    """
    kind, plain = TYPES[file_type], load_suite(file_type).plain_columns
    needed = set(kind.needs)
    if kind.key:
        needed.add(COHORT_KEYS[params[kind.key]] if file_type == "cohorts" else params[kind.key])
    typed = {spec.name for spec in plain if spec.type in TYPED}
    return Columns(
        names,
        frozenset(needed),
        frozenset(typed | set(kind.silent)) - needed,
        frozenset(spec.name for spec in plain if spec.type == "moment"),
        frozenset(spec.name for spec in plain if spec.type in ("yesno", "integer")),
    )
