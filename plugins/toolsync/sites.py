"""The Moodle sites that this Airflow feeds: one, or those that `sites` of the settings names.

A site is a value with settings of its own. Whatever works for a site is given it: nothing in a process says which one is meant.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolsync.settings import (
    IS_INSTALLED,
    PREFIX,
    ROOT,
    SITES,
    Page,
    WrongSetting,
    kind,
    laid_over,
    number,
    settings,
)

BETWEEN = "__"  # the type and the site in the id of a DAG
# What stands for the type in the id of a DAG of a feed (`feeds` of the settings), before the feed's name: that asks a database, that looks whether it is late.
FEEDS, FEED, LATE = "feeds", "feed_", "late_"
WRONG_SETTINGS = "wrong settings"  # the tag of a DAG in the place of one that can't be made
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 40  # characters of a name
ALONE = ("moodle_conn_id", "moodle_cli_conn_id", "pool")  # what no two sites share, besides the cabinet
FOLDERS = {
    "inbox",
    "work",
    "tryback",
    "archive",
    "report",
    "review",
    "docs",
    "undo",
    "uploads",
}  # of a type, in a cabinet
RESERVED = {"site", "inbox"}  # in the addresses of assets, when there is one site
CABINET = "TOOLSYNC_CABINET"


class NoSite(WrongSetting):
    """No site has this name, or it is not said which one is meant."""


@dataclass(frozen=True)
class Site:
    """A Moodle site.

    :param name: in `sites` of the settings; None: the only one there is.
    :param page: its settings.
    """

    name: str | None
    page: Page

    @property
    def title(self) -> str | None:
        """What people call it; None for the only one."""
        return self.name and str(self._entry.get("title") or self.name)

    @property
    def moodle_conn_id(self) -> str:
        """The Airflow connection of its database."""
        return self._own("moodle_conn_id")

    @property
    def moodle_cli_conn_id(self) -> str:
        """The Airflow connection that runs PHP in its directory."""
        return self._own("moodle_cli_conn_id")

    @property
    def pool(self) -> str:
        """Airflow's pool of what writes to it."""
        return self._own("pool")

    @property
    def cabinet_url(self) -> str:
        """The folder or address of its cabinet."""
        if (url := _address(self._entry)) is not None:
            return url
        url = self._named_cabinet or default_cabinet()
        return url if self.name is None else f"{url.rstrip('/')}/{self.name}"

    @property
    def has_default_cabinet(self) -> bool:
        """Whether nothing says where its cabinet is."""
        return not self._named_cabinet and _address(self._entry) is None

    @property
    def _named_cabinet(self) -> str:
        return _address(self.page) or os.environ.get(CABINET) or ""

    @property
    def cabinet_shown(self) -> str:
        """The same for people: without what an address may hold of a key or a password."""
        return re.sub(r"(?<=://)([^/@:]*):[^/@]*@", r"\1@", self.cabinet_url).removeprefix("file://").rstrip("/")

    @property
    def cabinet_modes(self) -> tuple[int, int]:
        """The permissions of the cabinet's folders and files, as `chmod` takes them.

        :raises WrongSetting: the settings name something else.
        """
        return self._mode("folder_mode", "0700"), self._mode("file_mode", "0600")

    @property
    def lock_wait_seconds(self) -> int | None:
        """How long a statement waits for a lock that others hold; None: as long as the server says.

        :raises WrongSetting: the setting is no whole number of seconds.
        """
        value = number(self.page, "lock_wait_seconds", least=1, whole=True, default=3)
        return None if value is None else int(value)

    @property
    def statement_seconds(self) -> float | None:
        """How long a statement may run; None: as long as it takes.

        :raises WrongSetting: the setting is no number of seconds.
        """
        return number(self.page, "statement_seconds", least=1, default=600)

    @property
    def task_hours(self) -> float | None:
        """How long a task may take; None: as long as it takes.

        :raises WrongSetting: the setting is no number of hours.
        """
        return number(self.page, "task_hours", least=0.01, default=12)

    def __deepcopy__(self, memo: Any) -> Site:
        return self  # a value: Airflow copies operators with all that they hold

    def now(self) -> Site:
        """The site with its settings as they are now.

        :raises WrongSetting: they can't be read, or have no such site any more.
        """
        return the_site(self.name)

    def place(self, *path: str) -> str:
        """Where a setting is written, for messages."""
        place = self.page.place(*path)
        return place if self.name is None or f", {SITES}, {self.name}" in place else f"{place} (site {self.name})"

    def dag_id(self, file_type: str) -> str:
        """The id of a type's DAG for the site: `toolsync_users`, `toolsync_users__science`."""
        return dag_id_of(file_type, self.name)

    def uri(self, of: str) -> str:
        """The address of an asset of the site: `x-moodle://science/moodle_accounts`."""
        return f"x-moodle://{self.name or 'site'}/{of}"

    def asset(self, of: str) -> str:
        """The name of an asset of the site, `moodle_accounts__science`: Airflow knows one asset of a name."""
        return f"{of}{BETWEEN + self.name if self.name else ''}"

    @property
    def _entry(self) -> Mapping[str, Any]:
        """What the settings say of this site alone."""
        entry = _entries(self.page)[self.name] if self.name else None
        return entry if isinstance(entry, dict) else {}

    def _own(self, name: str) -> str:
        """A name that no two sites share: of many, each has its own unless the settings say otherwise."""
        own = self._entry.get(name)
        written = own or self.page[name]
        if not isinstance(written, str) or "://" in written:  # that may hold a password
            raise WrongSetting(f"{self.place(name)}: expected a name, found {kind(written)}.")
        return written if own or not self.name else f"{written}_{self.name}"

    def _mode(self, name: str, default: str) -> int:
        written = (self.page.get("cabinet") or {}).get(name, default)
        # Without quotes, YAML takes 0700 for an octal number and 700 for a decimal one.
        if not (isinstance(written, str) and re.fullmatch("[0-7]{3,4}", written)):
            raise WrongSetting(
                f"{self.place('cabinet', name)}: expected permissions in quotes such as '{default}', found {written!r}"
            )
        return int(written, 8)


def dag_id_of(file_type: str, site: str | None) -> str:
    """The id of a type's DAG.

    :param site: the name of the site; None: the only one.
    """
    return f"{PREFIX}{file_type}{BETWEEN + site if site else ''}"


def type_of(dag_id: str) -> str:
    """The type of a DAG, whatever its site."""
    return dag_id.removeprefix(PREFIX).partition(BETWEEN)[0]


def page_of(dag_id: str) -> str:
    """The type whose file makes a DAG: its own, or that of all feeds."""
    file_type = type_of(dag_id)
    return FEEDS if file_type.startswith((FEED, LATE)) else file_type


def site_name_of(dag_id: str) -> str:
    """The name of the site of a DAG; empty: it is the only one."""
    return dag_id.partition(BETWEEN)[2]


def site_names() -> list[str | None]:
    """Their names; a single None when the settings name none.

    :raises WrongSetting: `sites` is no section, or has a name that can't be one.
    """
    page = settings()
    names = list(_entries(page))
    for name in names:
        if not (isinstance(name, str) and NAME.fullmatch(name) and len(name) <= LONGEST) or name in RESERVED:
            raise WrongSetting(
                f"{page.place(SITES, str(name))}: the name of a site has lower-case letters, digits and single hyphens, begins with a letter, has at most "
                f"{LONGEST} characters, and is none of {', '.join(sorted(RESERVED))}."
            )
    return list(names) or [None]


def the_site(name: str | None = None) -> Site:
    """A site, with its settings as they are now.

    :param name: in the settings; None: the only one.
    :raises NoSite: there is none of this name, or there are several and none is named.
    :raises WrongSetting: its settings make no sense.
    """
    page = settings()
    entries = _entries(page)
    if not entries and name is None:
        return Site(None, page)
    if name not in entries:
        known = f"The sites are {', '.join(map(str, entries))}." if entries else "There is one site, without a name."
        raise NoSite(
            f"{page.place(SITES)}: {f'there is no site {name}' if name else 'it must be said which site'}. {known}"
        )
    entry = entries[name] or {}
    if not isinstance(entry, dict):
        raise WrongSetting(f"{page.place(SITES, name)}: expected settings and their values, found {kind(entry)}.")
    if SITES in entry:
        raise WrongSetting(f"{page.place(SITES, name, SITES)}: a site has no sites.")
    its = {key: value for key, value in entry.items() if key != "title"}
    site = Site(name, laid_over(page, Page(its, page.places, page.file), (SITES, name)))
    _check_alone(site, page)
    return site


def site_of(dag_id: str) -> tuple[Site, str]:
    """The site and the type of a DAG.

    :param dag_id: `toolsync_users__science`.
    :raises NoSite: there is no such site, or it is none of our DAGs.
    :raises WrongSetting: the settings of the site make no sense.
    """
    file_type, name = type_of(dag_id), site_name_of(dag_id)
    if not file_type or dag_id != dag_id_of(file_type, name or None):
        raise NoSite(f"{dag_id} is no DAG of Tool Sync.")
    return the_site(name or None), file_type


def default_cabinet() -> str:
    """Where a cabinet is when nothing says it: beside `plugins`, or, for an installed package, in AIRFLOW_HOME."""
    beside = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow") if IS_INSTALLED else ROOT
    return f"{beside}/cabinet"


def _entries(page: Page) -> dict[str, Any]:
    entries = page.get(SITES, {})
    # A section that lost its sites is no word that there is one without a name, of another database and cabinet.
    if not isinstance(entries, dict) or (SITES in page and not entries):
        raise WrongSetting(
            f"{page.place(SITES)}: expected names of sites and their settings, found {kind(entries or None)}. Without several sites, remove the line."
        )
    return entries


def _address(settings_: Mapping[str, Any]) -> str | None:
    """What settings say of the place of a cabinet; None: nothing."""
    section = settings_.get("cabinet")
    url = section.get("address") if isinstance(section, dict) else None
    return str(url) if url else None


def _check_alone(site: Site, page: Page) -> None:
    """Check that a site shares its connections, pool and cabinet with no other one that the settings name: their runs would not know of each other.

    :raises WrongSetting: it does.
    """
    own = {what: getattr(site, what) for what in ALONE}
    where = _parts(site.cabinet_url)
    for other, entry in _entries(page).items():
        if other == site.name or not isinstance(entry, dict | None):
            continue
        beside = Site(other, page)
        its = _parts(beside.cabinet_url)
        try:
            shared = next((what for what in ALONE if getattr(beside, what) == own[what]), "")
        except WrongSetting:  # its own DAGs tell
            continue
        shared = shared or ("cabinet" if its == where else "")
        if shared:
            raise WrongSetting(
                f"{site.place(shared)}: the sites {site.name} and {other} would share it. Give each its own."
            )
        inner, outer = max(its, where, key=len), min(its, where, key=len)
        if inner[: len(outer)] == outer and FOLDERS.intersection(inner[len(outer) + 1 : len(outer) + 2]):
            raise WrongSetting(
                f"{site.place('cabinet')}: of the sites {site.name} and {other}, one has its cabinet in a folder of the other's. Give each its own."
            )


def _parts(url: str) -> list[str]:
    """The place of a cabinet, however its address is written."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "file":
        return os.path.abspath(rest if separator else url).split("/")
    return [scheme.lower(), *os.path.normpath(rest).split("/")]
