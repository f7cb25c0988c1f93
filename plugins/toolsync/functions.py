"""Everything that the SQL files may name: Python functions that `-- python:` calls, and names that Jinja sees. `include/sql/README.md` explains each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from toolsync.course import (
    availability,
    backup_lines,
    dates,
    embedded_ids,
    kin,
    order,
    put_back,
    template_rows,
    text_counts,
    undo_parts,
    undo_rows,
)
from toolsync.course.copies import site_copies
from toolsync.course.graph_check import check_graph
from toolsync.course.graph_files import site_graph
from toolsync.course.resets import site_resets
from toolsync.moodle import enrolment_keys, languages, passwords, profile_dates, small_letters
from toolsync.moodle.file_pool import at_hand
from toolsync.moodle.releases import tag_characters
from toolsync.moodle.schema import Schema
from toolsync.running import flags, moodle_log, whole_truth
from toolsync.running.execution import ROW_TABLE, STAGED
from toolsync.running.images import hash_of
from toolsync.running.sql_folder import Function, Language, Occasion, Row, SqlFolder
from toolsync.running.state import RunState


def _of_rows(call: Callable[..., Iterable[Row]]) -> Function:
    """A function of the rows alone."""
    return Function(lambda rows, _state: call(rows))


def _of_site(call: Callable[..., Iterable[Row]]) -> Function:
    """A function of the rows and of what the session knows of the site."""
    return Function(lambda rows, state: call(rows, state.session))


FUNCTIONS = {
    # Users
    "hash_passwords": _of_site(passwords.hash_given),
    "installed_languages": _of_site(languages.installed_languages),
    "profile_dates": _of_site(profile_dates.as_stored),
    "small_letters": _of_site(small_letters.lower),
    # Courses
    "tomorrow": _of_site(dates.tomorrow),
    "week_ends": _of_site(dates.week_ends),
    "midnights": _of_site(dates.midnights),
    "date_shifts": _of_site(dates.shifts),
    "course_runs": _of_rows(order.runs),
    "course_places": _of_rows(order.places),
    "enrolment_keys": _of_rows(enrolment_keys.generate),
    "weak_keys": _of_rows(enrolment_keys.weak),
    "backups_known": Function(backup_lines.known_backups),
    "backups_ready": Function(backup_lines.mark_ready),
    "remember_changed_courses": Function(template_rows.remember_changed),
    # Copies of courses
    "read_templates": Function(template_rows.read_templates, makes=("toolsync_tpl_", "toolsync_linked_")),
    "check_pairs": Function(template_rows.check_pairs),
    "rewrite_embedded_ids": Function(embedded_ids.rewrite),
    "count_words": _of_rows(text_counts.count_words),
    # Resets
    "shift_restrictions": _of_rows(availability.shift_dates),
    # Undo bundles, and putting them back
    "keep_deleted_rows": Function(undo_rows.keep_deleted_rows),
    "keep_removed_rows": Function(undo_rows.keep_removed_rows),
    "write_undo_bundles": Function(undo_rows.write_bundles),
    "find_undo_bundles": Function(put_back.find_bundles),
    "undo_touches": Function(put_back.bundle_touches),
    "load_undo_bundles": Function(
        put_back.load_bundles, makes=("toolsync_back_", "toolsync_was_", "toolsync_became_", "toolsync_unmake_")
    ),
    "places_of_courses_back": Function(put_back.places),
    "missing_contents": Function(put_back.missing_contents),
    "load_undo_parts": Function(undo_parts.load_parts),
    "highest_ids_then": Function(undo_parts.highest_ids_then),
    "mark_undone": Function(undo_parts.mark_undone),
    "mark_put_back": Function(put_back.mark_put_back),
}


def _by_index(state: RunState, table: str, *columns: str) -> str:
    """SQL that makes the server look up rows of a table by an index; nothing when the site has no such index."""
    index = state.session.schema.index(table, columns)
    return f"FORCE INDEX (`{index}`)" if index else ""


def _room_of(state: RunState, table: str, column: str) -> int | str | None:
    """How long a text in a column of the site may be, in characters, or the largest number that it holds; None when neither limits it."""
    limits = state.session.schema.limits(table, column)
    if limits is None:
        return None
    return limits.characters or limits.largest


def _setting(name: str, plugin: str = "") -> str:
    """SQL of a setting of the site, or of one of its plugins."""
    if plugin:
        return f"(SELECT value FROM {{config_plugins}} WHERE plugin = '{plugin}' AND name = '{name}')"
    return f"(SELECT value FROM {{config}} WHERE name = '{name}')"


def _of_graph(of_site: Callable[[Schema], Any]) -> Callable[[RunState, Occasion], Callable[[], Any]]:
    """What a type walks the course graph by: nothing, on a site which that does not fit."""

    def name(state: RunState, occasion: Occasion) -> Callable[[], Any]:
        def checked() -> Any:
            check_graph(state.session, bool(occasion.options.get("accept_newer")))
            return of_site(state.session.schema)

        return checked

    return name


NAMES: dict[str, Callable[[RunState, Occasion], Any]] = {
    # Of the file and its run
    "option": lambda _state, occasion: occasion.options,
    "given": lambda _state, occasion: lambda column: column in occasion.columns,
    "given_any": lambda _state, occasion: lambda family: family in occasion.families,
    "approved_plan": lambda _state, occasion: occasion.approved_plan,
    "rehearsal": lambda _state, occasion: occasion.rehearsal,
    # Of the site
    "site_has": lambda state, _occasion: state.session.schema.has,
    "moodle_since": lambda state, _occasion: state.session.schema.since,
    "site_sets": lambda state, _occasion: state.session.schema.sets,
    "tag_characters": lambda state, _occasion: lambda: tag_characters(state.session.schema.version),
    "columns_of": lambda state, _occasion: state.session.schema.columns,
    "texts_of": lambda state, _occasion: state.session.schema.text_columns,
    "room_of": lambda state, _occasion: partial(_room_of, state),
    "by_index": lambda state, _occasion: partial(_by_index, state),
    "unique_keys": lambda state, _occasion: state.session.schema.unique_keys,
    "dataroot_at_hand": lambda state, _occasion: partial(at_hand, state.session),
    "references_to": lambda state, _occasion: state.session.references.to,
    "unindexed_to": lambda state, _occasion: state.session.references.unindexed_to,
    "references_of": lambda state, _occasion: state.session.references.of,
    "kin_of": lambda state, _occasion: partial(kin.kin_of, state.session),
    "left_behind": lambda state, _occasion: lambda: kin.left_behind(state.session.schema),
    "hanging": lambda state, _occasion: lambda: kin.hanging(state.session.schema),
    "users_of": lambda state, _occasion: partial(kin.users_of, state.session),
    "undone": lambda state, occasion: undo_parts.UndoneTables(state, occasion.parts),
    "hash_of": lambda _state, _occasion: hash_of,
    "course_graph": _of_graph(site_graph),
    "course_copies": _of_graph(site_copies),
    "course_resets": _of_graph(site_resets),
    # Of the notation
    "setting": lambda _state, _occasion: _setting,
    "setting_is_on": lambda _state, _occasion: lambda name: f"COALESCE({_setting(name)} NOT IN ('', '0'), 0)",
    "table": lambda _state, _occasion: "{{{}}}".format,
}

LANGUAGE = Language(FUNCTIONS, NAMES)

# The types whose files `toolsync_export` writes, in an order in which a site that has none of it takes them.
EXPORTED = (
    "courses",
    "users",
    "cohorts",
    "enrolments",
    "groups",
    "cohort_bindings",
    "course_meta_links",
    "group_members",
)

# The steps that are no batch of a command file, with the temporary tables that are there before their first statement.
STEPS = {
    "categories_clean/find": (),
    "make_command_file": ("toolsync_asked",),
    "export": ("toolsync_asked",),
    **{f"export/{file_type}": ("toolsync_inside",) for file_type in EXPORTED},
    "user_pictures/match": (ROW_TABLE,),
    moodle_log.FOLDER: moodle_log.WORK_TABLES,
    flags.FOLDER: flags.WORK_TABLES,
    **whole_truth.STEPS,
}


def sql_folder(folder: str, state: RunState, occasion: Occasion) -> SqlFolder:
    """The SQL of a type, or of a step of it, in this language.

    :param folder: in `include/sql`.
    :raises SqlError: a file is not written as `include/sql/README.md` says.
    """
    return SqlFolder(folder, state, occasion, LANGUAGE, staged=STEPS.get(folder, STAGED))
