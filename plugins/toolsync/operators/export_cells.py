"""Turns what the site stores into cells of a command file, and says of what a cell can't be."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from toolsync.moodle.profile_dates import as_stored
from toolsync.moodle.session import MoodleSession
from toolsync.reading.records import ESCAPED
from toolsync.reading.values import EARLIEST, LATEST

Cell = tuple[str, str]  # a text, and why a file can't say it; empty: it can

SCALE = re.compile(r"\.?0+$")
TAG_MESS = re.compile(r"[\x00-\x1f\x7f<>`,]|\s{2,}")  # what a list of tags does not keep
TEXT_CHARACTERS = 1333  # of a custom field of type text, at most


def unsayable(text: str) -> str:
    """Why a text, as a cell of a command file, is not read as it is; empty: it is."""
    if text != text.strip():
        return "it begins or ends with white space, which a file does not keep"
    if "\r" in text:
        return "it holds carriage returns, which a file does not keep"
    if "\0" in text:
        return "it holds a NUL character"
    if "&#" in text and ESCAPED.search(text):
        return "it holds &#44; or &#59;, which a file reads as a comma or semicolon"
    return ""


def moment(seconds: int, zone: tzinfo) -> str:
    """Unix seconds as a date with its offset, which no change of the clocks makes ambiguous; 0 for no date."""
    if not seconds:
        return "0"
    if not EARLIEST <= seconds <= LATEST:
        return str(seconds)
    try:
        date = datetime.fromtimestamp(seconds, zone)
    except (OverflowError, ValueError):  # the last day of the calendar, elsewhere
        date = datetime.fromtimestamp(seconds, UTC)
    # A century ago, offsets had seconds, and a file has none.
    if (date.utcoffset() or timedelta()).seconds % 60:
        date = datetime.fromtimestamp(seconds, UTC)
    return date.isoformat() if date.year >= 1000 else str(seconds)


def unpacked(packed: str | None) -> list[list[str]]:
    """The values of a column that holds several, `7:48616c:…,8:…`."""
    return [part.split(":") for part in packed.split(",")] if packed else []


def text_of(digits: str) -> str:
    """A text that SQL's HEX() wrote."""
    return bytes.fromhex(digits).decode()


def tags(packed: str | None, collection: int | None, longest: int) -> Cell:
    """The tags of a thing, separated by commas.

    :param packed: place, collection, name and spelling of each, in order.
    :param collection: the id of the collection that holds tags of such things.
    :param longest: characters that the site keeps of a tag.
    """
    found = [(int(place), int(of), text_of(name), text_of(raw)) for place, of, name, raw in unpacked(packed)]
    cell = ",".join(raw for *_, raw in found)
    for number, (place, of, name, raw) in enumerate(found):
        if of != collection:
            return cell, f"the tag {raw!r} is in another collection than such tags are by now"
        if place != number:
            return cell, "the places of the tags are not numbered from 0"
        if raw != raw.strip() or TAG_MESS.search(raw) or len(raw) > longest or name != raw.lower():
            return cell, f"a list of tags can't hold the tag {raw!r}"
    return cell, ""


def profile_cell(field: Sequence[Any], stored: str | None, session: MoodleSession, zone: tzinfo) -> Cell:
    """The cell of a profile field.

    :param field: its id, short name, datatype, param1, param2, param3, and whether the site requires a value.
    :param stored: the value; None: there is none.
    """
    id, _, datatype, param1, param2, param3, required = field
    if not stored or (datatype == "datetime" and stored == "0"):
        return "", "the site requires a value" if required and stored is None else ""
    if datatype == "datetime":
        if not re.fullmatch(r"-?[1-9]\d{0,11}", stored):
            return stored, "it is no date"
        ((_, _, kept, _),) = as_stored([(0, id, stored, param1, param2, param3, "")], session)
        why = (
            ""
            if kept == int(stored)
            else "it is not within the years of the field, or not at midnight in the timezone of the site"
        )
        return moment(int(stored), zone), why
    if datatype == "checkbox" and stored not in ("0", "1"):
        return stored, "it is neither 1 nor 0"
    if datatype == "menu" and ("\n" in stored or stored not in (param1 or "").split("\n")):
        return stored, "it is no option of the menu"
    if datatype == "text" and (param2 or "").isdecimal() and len(stored) > int(param2):
        return stored, f"it is longer than {param2} characters"
    return stored, ""


def custom_cell(field: CustomField, stored: tuple[str, str, str] | None, zone: tzinfo) -> Cell:
    """The cell of a custom field of a course.

    :param stored: the whole number, the decimal number and the text that the site stores; None: nothing.
    """
    if stored is None:
        return "", ""
    whole, decimal, text = stored
    if field.type in ("checkbox", "date", "select"):
        return _by_number(field, whole, text, zone)
    if not text:
        return "", "" if field.type != "number" or not decimal else "it is stored as a number alone"
    if field.type == "number":
        number = SCALE.sub("", decimal) if "." in decimal else decimal
        return number, field.fault(float(number)) if number else "it is no number"
    if field.type == "text" and len(text) > min(field.most or TEXT_CHARACTERS, TEXT_CHARACTERS):
        return text, "it is longer than the field allows"
    return text, ""


def _by_number(field: CustomField, whole: str, text: str, zone: tzinfo) -> Cell:
    if text in ("", "0") and whole in ("", "0"):
        return (
            (text, "the site requires a value" if field.required and not text else "")
            if field.type == "checkbox"
            else ("", "")
        )
    if whole != text:
        return text, "it is stored in two ways"
    if field.type == "checkbox":
        return text, "" if text == "1" else "it is neither 1 nor 0"
    if field.type == "date":
        return moment(int(whole), zone), field.fault(int(whole))
    place = int(whole) - 1
    if not 0 <= place < len(field.options):
        return text, "it is no option of the field"
    option = field.options[place]
    return option, "" if option and field.options.index(option) == place else "the field has several such options"


class CustomField:
    """A custom field of courses.

    :param id: its id.
    :param shortname: its short name.
    :param type: `text`, `select` …
    :param configdata: how it is set up, in JSON.
    """

    def __init__(self, id: int, shortname: str, type: str, configdata: str | None) -> None:
        self.id, self.shortname, self.type = id, shortname, type
        config = json.loads(configdata or "{}") or {}
        names = {"text": ("", "maxlength"), "date": ("mindate", "maxdate"), "number": ("minimumvalue", "maximumvalue")}
        self.least, self.most = (_number(config.get(name), type) for name in names.get(type, ("", "")))
        self.required = str(config.get("required")) == "1"
        self.options = re.sub(r"\s*\n\s*", "\n", config.get("options") or "").strip(" \n").split("\n")

    def fault(self, value: float) -> str:
        """Why the field does not take a number, or date, any more."""
        if self.least is not None and value < self.least or self.most is not None and value > self.most:
            return "it is not within the bounds of the field"
        return ""


def _number(value: Any, type: str) -> float | None:
    text = str(value if value is not None else "").strip()
    return float(text) if text and not (text == "0" and type in ("text", "date")) else None


class CategoryNames:
    """How files name the categories of courses.

    :param rows: id, id of the one above, name, idnumber of each.
    :param by: Param `category_id_field`: `path`, `idnumber` or `id`.
    """

    def __init__(self, rows: Iterable[tuple[int, int, str, str | None]], by: str) -> None:
        self._all = {id: (parent, name, idnumber or "") for id, parent, name, idnumber in rows}
        self._by = by
        self._bearers = Counter((parent, name) for parent, name, _ in self._all.values())
        self._idnumbers = Counter(idnumber for *_, idnumber in self._all.values())

    def course(self, id: int) -> Cell:
        """The cell of a course in this category."""
        return self._named(id, "\\/")

    def cohort(self, id: int) -> Cell:
        """The cell of a cohort in this category. There, a path has no way to write ` / ` in a name."""
        cell, why = self._named(id, "/")
        if not why and self._by == "path" and any(" / " in self._all[each][1] for each in self._chain(id)):
            why = "a category above has a name with a slash between spaces"
        return cell, why

    def _named(self, id: int, slash: str) -> Cell:
        if self._by == "id":
            return str(id), ""
        if id not in self._all:
            return "", "the category is gone"
        if self._by == "idnumber":
            idnumber = self._all[id][2]
            if not idnumber:
                return "", "the category has no idnumber"
            return idnumber, "several categories have this idnumber" if self._idnumbers[idnumber] > 1 else ""
        chain = self._chain(id)
        path = " / ".join(self._all[each][1].replace("/", slash) for each in chain)
        names = [self._all[each][1] for each in chain]
        if any(name != name.strip() or not name for name in names):
            return path, "a name in the path of the category begins or ends with white space"
        return path, "several categories have this path" if any(
            self._bearers[self._all[each][:2]] > 1 for each in chain
        ) else ""

    def _chain(self, id: int) -> list[int]:
        """The categories from the top down to this one."""
        chain: list[int] = []
        while id in self._all and id not in chain:
            chain.insert(0, id)
            id = self._all[id][0]
        return chain
