"""The settings: `include/toolsync.yaml`, and what a page of yours says instead.

A page of yours is a YAML file that the environment variable `TOOLSYNC_SETTINGS` names. It has only what differs from ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

PREFIX = "toolsync_"  # of the ids of our DAGs, before the type
# As Airflow names it, links and all: git-sync lets a link lead to another folder, and removes the one before, while processes live.
PACKAGE = Path(os.path.abspath(__file__)).parent
ROOT = PACKAGE.parents[1]  # what `plugins` lies in
IS_INSTALLED = (PACKAGE / "include").is_dir()  # from a wheel, which has everything in the package


def _beside(name: str) -> Path:
    """A folder beside `plugins`, or, where the package is a link, beside where that leads."""
    beside, linked = ROOT / name, PACKAGE.resolve().parents[1] / name
    return linked if linked.is_dir() and not beside.is_dir() else beside


DAGS = PACKAGE / "dag_files" if IS_INSTALLED else _beside("dags")
BESIDE = PACKAGE / "include" if IS_INSTALLED else _beside("include")
INCLUDE = Path(os.path.abspath(os.environ.get("TOOLSYNC_INCLUDE") or BESIDE))
OWN = "TOOLSYNC_SETTINGS"
SITES = "sites"
# Sections whose entries are named by who writes them: types, Params, sites. They check them themselves.
OPEN = {"batch_seconds_of", "batch_lines_of", "notifications", "schedules", "watch", "defaults", "feeds", SITES}

Path_ = tuple[str, ...]


class WrongSetting(ValueError):
    """A setting has a value that makes no sense; the message says where it is written, and what was expected."""


# What a setting that makes no sense raises, where nobody looks at it before it is used.
MISTAKES = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)


class Page(dict[str, Any]):
    """Settings by name, and where each of them is written.

    :param places: file, line and names, by the path of a setting: `("schedules", "users")`.
    """

    def __init__(self, values: Mapping[str, Any], places: Mapping[Path_, str], file: str) -> None:
        super().__init__(values)
        self.places = places
        self.file = file

    def __missing__(self, name: str) -> Any:
        raise WrongSetting(
            f"{self.file}: there is no setting {name!r}. Take it from the include/toolsync.yaml of this version, or remove what is set to the older one."
        )

    def place(self, *path: str) -> str:
        """Where a setting is written, for messages: `include/toolsync.yaml, line 12, schedules, users`."""
        path = tuple(map(str, path))  # YAML takes 1 for a number, and on for true
        for length in range(len(path), 0, -1):
            if found := self.places.get(path[:length]):
                return ", ".join([found, *path[length:]])
        return ", ".join([self.file, *path])

    def mistake(self, error: Exception) -> str:
        """What is wrong with the settings, by what they raised, one of `MISTAKES`."""
        return str(error) if isinstance(error, ValueError) else f"{self.file}: {type(error).__name__}: {error}"


def settings() -> Page:
    """The settings as they are now. What should not change while it works keeps what it was given.

    :raises WrongSetting: there are none, or they can't be read, as when they are half saved.
    """
    ours, own = INCLUDE / "toolsync.yaml", os.environ.get(OWN)
    if not ours.is_file():
        raise WrongSetting(
            f"There is no {ours}. Put the folder include of Tool Sync beside its folder plugins, as {BESIDE}, or let the environment variable "
            "TOOLSYNC_INCLUDE name the place where it is; every process of Airflow needs it."
        )
    if own and not Path(own).is_file():
        raise WrongSetting(f"There is no {own}, which the environment variable {OWN} names.")
    files = [(str(path), *_stamp(path)) for path in (ours, Path(own) if own else None) if path]
    return _read(*files)


def dag_files(folder: Path | None = None) -> dict[str, Path]:
    """The files of DAGs of Tool Sync, by type.

    :param folder: where they are; None: where ours are.
    """
    return {path.stem.removeprefix(PREFIX): path for path in sorted((folder or DAGS).glob(f"{PREFIX}*.py"))}


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise WrongSetting(f"{path} can't be read: {error.strerror}.") from None
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=1)
def _read(ours: tuple[str, int, int, int], *own: tuple[str, int, int, int]) -> Page:
    page = read_page(Path(ours[0]), "include/toolsync.yaml" if INCLUDE == ROOT / "include" else ours[0])
    for path, *_ in own:
        page = laid_over(page, read_page(Path(path), path))
    return page


def fingerprint() -> str:
    """What tells whether two processes have the same settings, and nothing of them.

    :raises WrongSetting: they can't be read.
    """
    return sha256(repr(settings()).encode(errors="replace")).hexdigest()[:12]


def read_page(path: Path, file: str) -> Page:
    """Read a page of settings.

    :param file: what messages call it.
    :raises WrongSetting: it is no YAML, has no settings, or has one twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values, node = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
        places = dict(_places(node, file, ()))
    except WrongSetting:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise WrongSetting(f"{file}{where}: this is not YAML: {error.problem or error.context}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongSetting(f"{file} is not YAML: {' '.join(str(error).split())}.") from None
    except OSError as error:  # somebody is just replacing it, or it is not ours to read
        raise WrongSetting(f"{file} can't be read: {error.strerror}.") from None
    except (ValueError, RecursionError):  # 2026-02-30 is no date; an alias may stand for what it is in
        raise WrongSetting(f"{file} is not YAML: a date, a number or an alias there makes no sense.") from None
    if not isinstance(values, dict) or node is None:
        raise WrongSetting(f"{file}: expected settings and their values, found {kind(values)}.")
    return Page(values, places, file)


def kind(value: Any) -> str:
    """What stands where a section should, without what it says: that may be a password, and Airflow shows messages to whoever sees DAGs."""
    match value:
        case None:
            return "nothing"
        case list():
            return "a list"
        case str():
            return "a text"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
    return "a value"


def _places(node: yaml.Node | None, file: str, path: Path_) -> Iterator[tuple[Path_, str]]:
    """Where each setting of a page is written; of what is in a list, by its number from 1.

    :raises WrongSetting: one is there twice: YAML would take the last.
    """
    if isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value, 1):
            yield from _places(value, file, (*path, str(number)))
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        here = (*path, name)
        place = f"{file}, line {line}, {', '.join(here)}"
        if name in lines:
            raise WrongSetting(f"{place}: it is there already, on line {lines[name]}. Keep one of them.")
        lines[name] = line
        yield here, place
        yield from _places(value, file, here)


def _is_open(path: Path_) -> bool:
    """Whether a setting of ours may have any name."""
    return path[-1] == SITES or (len(path) > 1 and path[0] in OPEN)


def laid_over(page: Page, other: Page, path: Path_ = (), is_open: Callable[[Path_], bool] = _is_open) -> Page:
    """Settings, with what another page says instead. A section keeps what the other one does not have.

    :param path: where the other page's settings are to be found in its places: `("sites", "science")`.
    :param is_open: whether a setting with that path need not be on our page.
    :raises WrongSetting: the other one has settings that are not known, or a value for a section; the message has all of them.
    """
    wrong: list[str] = []
    values = _merged(page, other, (), lambda found: other.place(*path, *found), wrong, is_open)
    if wrong:
        raise WrongSetting(" ".join(wrong))
    given = {found[len(path) :]: place for found, place in other.places.items() if found[: len(path)] == path}
    return Page(values, {**page.places, **given}, page.file)


def _merged(
    ours: Mapping[str, Any],
    other: Mapping[str, Any],
    path: Path_,
    place: Any,
    wrong: list[str],
    is_open: Callable[[Path_], bool],
) -> dict[str, Any]:
    merged = dict(ours)
    for name, value in other.items():
        here = (*path, name)
        section = ours.get(name)
        if name not in ours and not is_open(here):
            instead = meant(name, ours) or f" Known here: {', '.join(ours)}."
            wrong.append(f"{place(here)}: there is no such setting.{instead}")
        if not isinstance(section, dict):
            merged[name] = value
        elif isinstance(value, dict):
            merged[name] = _merged(section, value, here, place, wrong, is_open)
        elif value is not None:  # nothing below the title of a section leaves it as it is
            wrong.append(f"{place(here)}: expected settings and their values, found {kind(value)}.")
    return merged


def number(
    page: Mapping[str, Any], *path: str, least: float, whole: bool = False, default: float | None = None
) -> float | None:
    """A number of the settings; None for null.

    :param path: of the setting: `("throttle", "pause_seconds")`.
    :param default: what it is when it is missing.
    :raises WrongSetting: it is no number, or less than `least`.
    """
    section: Any = page
    for name in path[:-1]:
        section = section.get(name) or {}
        if not isinstance(section, Mapping):
            raise WrongSetting(f"{place(page, name)}: expected settings and their values, found {kind(section)}.")
    value = section.get(path[-1], default)
    fits = isinstance(value, int) if whole else isinstance(value, int | float)
    if value is not None and (not fits or isinstance(value, bool) or not least <= value < float("inf")):
        wanted = "a whole number" if whole else "a number"
        raise WrongSetting(f"{place(page, *path)}: expected {wanted} of at least {least:g}, or null, found {value!r}.")
    return value


def meant(name: Any, known: Iterable[str]) -> str:
    """A question whether another name was meant, for the end of a message; empty: no name is like it."""
    near = get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else ""


def place(page: Mapping[str, Any], *path: str) -> str:
    """Where a setting is written, for messages."""
    return page.place(*path) if isinstance(page, Page) else ", ".join(["include/toolsync.yaml", *path])
