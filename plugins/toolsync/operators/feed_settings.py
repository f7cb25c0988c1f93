"""The section `feeds` of the settings: queries that become command files, and the hours by which files have to arrive."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolsync.data_sets.before import why_not
from toolsync.operators.whole_truth import scope_problems
from toolsync.params import known_types, param_problems, params_of
from toolsync.schedule import timetable
from toolsync.settings import INCLUDE, WrongSetting, kind, meant, number
from toolsync.sites import FEED, LATE, Site

SECTION = "feeds"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")  # without the two underscores that part a type from a site
LONGEST = 40  # characters of a name
HOUR = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
OF_ALL = {"type", "arrive_by", "files"}
OF_QUERY = {"conn_id", "sql", "file", "params", "schedule", "least_rows"}
LIKE_OURS: Mapping[str, Any] = {"delimiter": ",", "encoding": "utf-8"}  # how a file of ours is written
# Params that a feed sets by itself.
ITS_OWN = {"files", "content", "upload", "delimiter", "encoding"}


@dataclass(frozen=True)
class Feed:
    """A feed.

    :param name: in the settings.
    :param type: the type that it feeds, `users`; `feeds` for packages.
    :param place: where it is written, for messages.
    :param conn_id: the Airflow connection that is asked; None: others drop files.
    :param sql: the query; None: it is in `file`.
    :param file: the path of a file with the query.
    :param params: Params of the runs of the type.
    :param schedule: when it is asked, a cron expression; None: by hand only.
    :param least_rows: a query with fewer rows is not used.
    :param arrive_by: hour and minute, in UTC, by which something of it has to be applied each day; None: nobody looks.
    :param files: the names of the files that count as having arrived, as a pattern.
    """

    name: str
    type: str
    place: str
    conn_id: str | None = None
    sql: str | None = None
    file: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    schedule: str | None = None
    least_rows: int = 1
    arrive_by: tuple[int, int] | None = None
    files: str = "*"

    @property
    def query_type(self) -> str:
        """What stands for the type in the id of the DAG that asks the connection."""
        return f"{FEED}{self.name}"

    @property
    def late_type(self) -> str:
        """The same of the DAG that looks whether it has arrived."""
        return f"{LATE}{self.name}"

    @property
    def path(self) -> Path:
        """The file with the query; a relative one is found beside the folder `include`."""
        assert self.file is not None
        return INCLUDE.parent / self.file

    def query(self) -> str:
        """The query, as a database is asked.

        :raises WrongSetting: the file can't be read, or is empty.
        """
        text = self.sql
        if text is None:
            try:
                text = self.path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is not UTF-8"
                raise WrongSetting(f"{self.place}, file: {self.path} can't be read: {why}.") from None
        text = text.strip().rstrip(";").rstrip()  # Oracle takes no semicolon
        if not text:
            raise WrongSetting(f"{self.place}: the query is empty.")
        return text


def params_problems(site: Site, file_type: str, params: Mapping[str, Any]) -> list[str]:
    """What is wrong with the Params of a run that takes a file of ours; nothing, if the file of the type's DAG is not where ours are: it says so itself.

    :param params: the type's, without those of the file.
    """
    known = params_of(site.dag_id(file_type))
    if known is None:
        return []
    problems = param_problems(known, {**params, **LIKE_OURS, "upload": ""})
    if not problems:
        of_run = {**{name: param.value for name, param in known.items()}, **params}
        problems = list(scope_problems(of_run)) if "mode" in known else []
        problems += filter(None, [why_not(of_run)])
    return problems


def feed_names(site: Site) -> list[str]:
    """The names of the feeds of a site.

    :raises WrongSetting: there is no section, or a name can't be one.
    """
    entries = site.page.get(SECTION) or {}
    if not isinstance(entries, dict):
        raise WrongSetting(f"{site.place(SECTION)}: expected names of feeds and their settings, found {kind(entries)}.")
    for name in entries:
        if not (isinstance(name, str) and NAME.fullmatch(name) and len(name) <= LONGEST):
            raise WrongSetting(
                f"{site.place(SECTION, str(name))}: the name of a feed has lower-case letters, digits and single underscores, begins with a letter, and "
                f"has at most {LONGEST} characters."
            )
    return list(entries)


def feeds_of(site: Site) -> list[Feed]:
    """The feeds of a site.

    :raises WrongSetting: one makes no sense.
    """
    return [the_feed(site, name) for name in feed_names(site)]


def the_feed(site: Site, name: str) -> Feed:
    """A feed of a site.

    :raises WrongSetting: it makes no sense.
    """
    entry, place = site.page[SECTION][name], site.place(SECTION, name)
    if not isinstance(entry, dict):
        raise WrongSetting(f"{place}: expected settings and their values, found {kind(entry)}.")
    known = OF_ALL | OF_QUERY
    for key in entry:
        if key not in known:
            raise WrongSetting(
                f"{site.place(SECTION, name, str(key))}: there is no such setting of a feed.{meant(key, known)} Known here: {', '.join(sorted(known))}."
            )
    asks = "conn_id" in entry
    given: dict[str, Any] = {"type": _type(site, name, entry, asks=asks), "arrive_by": _hour(site, name, entry)}
    if asks:
        given |= _query(site, name, entry)
    else:
        if lone := sorted(OF_QUERY & entry.keys()):
            raise WrongSetting(f"{site.place(SECTION, name, lone[0])}: only a feed with a conn_id has that.")
        if given["arrive_by"] is None:
            raise WrongSetting(
                f"{place}: expected a conn_id and its sql or file, for a query, or the hour arrive_by of files that others drop."
            )
        given["files"] = _text(site, name, entry, "files") or "*"
    return Feed(name=name, place=place, **given)


def _query(site: Site, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a feed that asks a database."""
    place = site.place(SECTION, name)
    conn_id, sql, file = (_text(site, name, entry, key) for key in ("conn_id", "sql", "file"))
    if not conn_id or "://" in conn_id:  # that may hold a password
        raise WrongSetting(f"{site.place(SECTION, name, 'conn_id')}: expected the id of an Airflow connection.")
    if bool(sql) == bool(file):
        raise WrongSetting(f"{place}: expected sql or file, one of them, found {'both' if sql else 'neither'}.")
    if "files" in entry:
        raise WrongSetting(f"{site.place(SECTION, name, 'files')}: a feed with a conn_id has no files.")
    params = entry.get("params") or {}
    where = site.place(SECTION, name, "params")
    if not isinstance(params, dict):
        raise WrongSetting(f"{where}: expected Params and their values, found {kind(params)}.")
    if own := sorted(ITS_OWN & params.keys()):
        raise WrongSetting(f"{where}: the feed sets Param {own[0]} by itself. Remove it.")
    timetable(entry.get("schedule"), site.place(SECTION, name, "schedule"))
    least = number(site.page, SECTION, name, "least_rows", least=0, whole=True, default=1)
    return {
        "conn_id": conn_id,
        "sql": sql,
        "file": file,
        "params": params,
        "schedule": entry.get("schedule"),
        "least_rows": 0 if least is None else int(least),
        "files": f"{name}.csv",
    }


def _type(site: Site, name: str, entry: Mapping[str, Any], *, asks: bool) -> str:
    """The type of a feed: one that takes CSV files, of which there are samples; or another one whose files are dropped."""
    value = entry.get("type")
    known = sorted(one for one in known_types() if (INCLUDE / f"samples/{one}.csv").is_file())
    if not asks:
        known += ["feeds", "user_pictures"]
    if value not in known:
        told = f"found {value!r}.{meant(value, known)}" if isinstance(value, str) else f"found {kind(value)}."
        raise WrongSetting(f"{site.place(SECTION, name, 'type')}: expected one of {', '.join(known)}, {told}")
    return str(value)


def _hour(site: Site, name: str, entry: Mapping[str, Any]) -> tuple[int, int] | None:
    value = entry.get("arrive_by")
    if value is None:
        return None
    found = HOUR.fullmatch(value) if isinstance(value, str) else None
    if found is None:  # without quotes, YAML takes 06:00 for a number
        raise WrongSetting(
            f'{site.place(SECTION, name, "arrive_by")}: expected an hour in quotes such as "06:00", in UTC, found {value!r}.'
        )
    return int(found[1]), int(found[2])


def _text(site: Site, name: str, entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise WrongSetting(f"{site.place(SECTION, name, key)}: expected a text, found {kind(value)}.")
    return value.strip() if value and value.strip() else None
