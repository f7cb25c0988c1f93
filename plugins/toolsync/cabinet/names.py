"""Names of files: those that people give them, and what is made of these."""

from __future__ import annotations

import fnmatch
import os
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

# With the id of the claim and the longest ending, a name stays below the 255 bytes that file systems allow.
MOST_BYTES = 140
SUFFIX_BYTES = 20
# Names that upload programs give to incomplete files, and files that operating systems leave behind.
UNFINISHED = (".*", "_*", "*~", "*.part", "*.filepart", "*.tmp", "*.crdownload", "Thumbs.db")
# Categories of characters that make no text: controls, surrogates (bytes that are not UTF-8), invisible ones that turn the text around, line separators.
UNSAFE = {"Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp"}


def names_like(name: str) -> Iterator[str]:
    """A file's name, then others like it: `a.csv`, `a~2.csv`, `a~3.csv` …"""
    path = PurePosixPath(name)
    yield name
    number = 1
    while True:
        number += 1
        yield f"{path.stem}~{number}{path.suffix}"


def safe_name(name: str) -> str:
    """A name that every file system, log and page can take: the same, or one like it.

    Characters that are no text become `_`, and the end of a long name is cut off, before its suffix.

    :param name: as the file system tells it, bytes that are not UTF-8 as surrogates.
    """
    text = "".join(
        "_" if unicodedata.category(letter) in UNSAFE or letter in "/\\" else letter for letter in name
    ).strip(" .")
    if not name.startswith("_"):
        text = text.lstrip("_ .")  # such names are those of incomplete files
    path = PurePosixPath(text)
    suffix = path.suffix if len(path.suffix.encode()) <= SUFFIX_BYTES else ""
    stem = text.removesuffix(suffix) if suffix else text
    stem = stem.encode()[: MOST_BYTES - len(suffix.encode())].decode(errors="ignore").rstrip() or "file"
    return stem + suffix


def shown_name(name: str) -> str:
    """A name on one line, with what can't be shown as an escape: `a\\nb.csv`, `caf\\xe9.csv`."""
    return "".join(map(_shown, name)) or "''"


def matches(name: str, pattern: str) -> bool:
    """Whether Param `files` means a file: by its very name, or as a pattern."""
    return pattern in {name, shown_name(name), safe_name(name)} or fnmatch.fnmatchcase(name, pattern)


def is_unfinished(name: str) -> bool:
    """Whether programs give such names to files that are not complete."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in UNFINISHED)


def _shown(letter: str) -> str:
    if unicodedata.category(letter) not in UNSAFE:
        return letter
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{os.fsencode(letter)[0]:02x}"
    return letter.encode("unicode_escape", "surrogatepass").decode()
