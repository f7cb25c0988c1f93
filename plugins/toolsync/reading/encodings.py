"""In which encoding the bytes of a file seem to be.

The Tool Sync page, which shows what it makes of a file, chooses by it. A run is told its encoding, and only says where that is not the file's.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

# Values of Param `encoding`, and Python's codecs for them.
CODECS = {"utf-8": "utf-8", "iso-8859-1": "latin-1", "windows-1252": "cp1252"}
# What a file that is not UTF-8 may be in, the likeliest first: what it is called, and its codec.
OTHERS = {"windows-1252": "cp1252", "Mac Roman": "mac_roman", "DOS (code page 850)": "cp850"}
UTF16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
CONTROLS = re.compile(rb"[\x80-\x9f]")

SAMPLE = 64 << 10  # bytes of lines beyond ASCII
FROM_LINE = 4 << 10  # bytes of each
BEYOND_ASCII = re.compile(r"[^\0-\x7f]")
RUN = re.compile(rb"[\x80-\xff]+")
LETTERS = re.compile(r"[À-ÖØ-öø-ÿŠšŽžŒœŸ]")
APOSTROPHES, PUNCTUATION, SIGNS = "’‘´·", "€–—“”„«»…°", "ªº¹²³½µ×©®™§¿¡\xa0"
WORDS = "ÀÈÉàèéó"  # of one letter
# A capital with an ellipsis or a closing quote after it, in windows-1252; in UTF-8, letters that are seldom alone.
BY_CHANCE = re.compile(rb"[\xc4-\xdf][\x85\x94\xbb]")
MOST_BY_CHANCE = 2
NO_CHARACTER = "\ufffd"


def fits(raw: bytes, encoding: str) -> bool:
    """Whether bytes can be text in an encoding of `CODECS`."""
    if encoding == "iso-8859-1":
        return not CONTROLS.search(raw)
    try:
        raw.decode(CODECS[encoding])
    except UnicodeDecodeError:
        return False
    return True


def utf16(begin: bytes) -> str | None:
    """The codec of a file that is UTF-16, by how it begins, with a byte order mark or without."""
    if codec := UTF16.get(begin[:2]):
        return codec
    # Most letters of a header are ASCII, of which one byte of the two is zero.
    begin = begin[:64]
    zeros = begin[::2].count(0), begin[1::2].count(0)
    if min(zeros) > 0 or max(zeros) < max(2, 3 * len(begin) // 8):
        return None
    return "utf-16-be" if zeros[0] else "utf-16-le"


@dataclass
class Evidence:
    """What the lines of a file tell that hold more than ASCII.

    :ivar utf8: the first that is UTF-8; None: none is.
    :ivar other: the first that is not.
    :ivar unknown: the first that is not windows-1252 either.
    :ivar sure: whether those that are UTF-8 are so by intent. `BLÅ”` in windows-1252 is UTF-8 as well.
    """

    utf8: int | None = None
    other: int | None = None
    unknown: int | None = None
    sure: bool = False
    _by_chance: int = 0
    _sample: list[bytes] = field(default_factory=list)
    _size: int = 0

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> Evidence:
        found = cls()
        for number, raw in enumerate(lines, start=1):
            found.add(number, raw)
        return found

    def add(self, line: int, raw: bytes) -> None:
        """Look at the next line, or at a record that begins in it."""
        if raw.isascii():
            return
        if fits(raw, "utf-8"):
            self.utf8 = self.utf8 or line
            if not self.sure:
                self._by_chance += len(RUN.findall(raw))
                self.sure = self._by_chance > MOST_BY_CHANCE or not _is_by_chance(raw)
        else:
            self.other = self.other or line
        if self.unknown is None and not fits(raw, "windows-1252"):
            self.unknown = line
        if self._size < SAMPLE:
            self._sample.append(raw[:FROM_LINE])
            self._size += len(self._sample[-1])

    @property
    def nbytes(self) -> int:
        return self._size

    @property
    def is_ascii(self) -> bool:
        return self.utf8 is None and self.other is None

    @property
    def is_mixed(self) -> bool:
        """Whether some lines are UTF-8 and others are not: they are in several encodings, or damaged."""
        return bool(self.utf8 and self.other)

    @property
    def is_utf8(self) -> bool:
        """Whether the file is UTF-8, and nothing else that somebody wrote."""
        return self.sure and self.other is None

    @property
    def likely(self) -> str | None:
        """What the file is called to be in: `utf-8`, or one of `OTHERS`; None: nobody can tell."""
        if self.other is None:
            return "utf-8"
        if self.is_mixed:
            return None
        best, second, _ = sorted(OTHERS, key=self._score, reverse=True)
        unsure = best not in CODECS and not self._is_better(best, second)
        good, bad, _ = self._counts(best)
        return best if good > 0 and 10 * bad <= good and not unsure else None

    @property
    def may_be_windows(self) -> bool:
        """Whether a file that is not UTF-8 at all may be windows-1252: little speaks against it, and it looks like nothing else. A few signs show no more."""
        if self.is_ascii or self.utf8 is not None:
            return False
        good, bad, others = self._counts("windows-1252")
        return 10 * bad <= good + others and not any(self._is_better(name, "windows-1252") for name in OTHERS)

    def _is_better(self, name: str, than: str) -> bool:
        return 10 * (self._score(name) - self._score(than)) > sum(self._counts(name))

    def _score(self, name: str) -> int:
        good, bad, _ = self._counts(name)
        return good - bad

    def _counts(self, name: str) -> tuple[int, int, int]:
        """How many characters stand where they do in words, how many where they don't, and how many may stand anywhere.

        :param name: one of `OTHERS`, in which the file is read.
        """
        texts = [raw.decode(OTHERS[name], "replace") for raw in self._sample]
        rated = list(chain.from_iterable(map(_rated, texts)))
        return rated.count(True), rated.count(False), rated.count(None)


def _is_by_chance(raw: bytes) -> bool:
    """Whether what is UTF-8 in a line stands as in words in windows-1252, too."""
    return all(map(BY_CHANCE.fullmatch, RUN.findall(raw))) and all(_rated(raw.decode("cp1252", "replace")))


def _rated(text: str) -> Iterable[bool | None]:
    """Of each character beyond ASCII, whether it stands where it does in words; None: it may stand anywhere."""
    for match in BEYOND_ASCII.finditer(text):
        at, character = match.start(), match[0]
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        within = _is_letter(before) and _is_letter(after)
        if character in APOSTROPHES:
            yield within or None
        elif character in PUNCTUATION:
            # Rhône–Alpes
            yield None if before.islower() and after.isupper() else not within
        elif not LETTERS.match(character):
            beside = within if character in SIGNS else _is_letter(before) or _is_letter(after)
            yield False if beside or character == NO_CHARACTER else None
        elif within and LETTERS.match(before) and LETTERS.match(after):
            yield False  # as Cyrillic looks
        elif not _is_letter(before) and not _is_letter(after):
            yield character in WORDS or None
        elif character.isupper():
            yield not _is_letter(before) or (before.isupper() and not after.islower())
        else:
            yield not after.isupper() or character == "ß"


def _is_letter(character: str) -> bool:
    return bool(character) and (character.isascii() and character.isalpha() or bool(LETTERS.match(character)))
