"""Enrolment keys: random ones, for sites that require one for self enrolment, and whether given ones meet the password policy of the site."""

from __future__ import annotations

import secrets
import string
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Any
from unicodedata import category

LENGTH = 20
KINDS = {"Nd": "digit", "Ll": "lower", "Lu": "upper"}
CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "*-+#=")


def generate(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Add a random key to each row, with lower and upper case letters, digits and symbols, so that it meets any usual password policy.

    :param rows: whatever identifies the enrolment instance.
    :return: the rows, each with a key as its last value.
    """
    return [(*row, _key()) for row in rows]


def _key() -> str:
    characters = [secrets.choice(alphabet) for alphabet in CLASSES]
    characters += [secrets.choice("".join(CLASSES[:3])) for _ in range(LENGTH - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def weak(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Name what keys lack of the password policy, counting as Moodle's `get_password_policy_errors` does.

    What plugins of the site ask for besides is not known here.

    :param rows: line and number of the method; the key; the least number of characters, digits, small letters, capitals and other characters; how often a
        character may stand in a row (0: as often as it likes).
    :return: line, number and message of each key that lacks something.
    """
    found = []
    for line, n, key, length, digits, lower, upper, others, in_a_row in rows:
        kinds = Counter(KINDS.get(category(character), "other") for character in key)
        lacks = [
            f"at least {least} {what}{'' if least == 1 else 's'}"
            for has, least, what in (
                (len(key), length, "character"),
                (kinds["digit"], digits, "digit"),
                (kinds["lower"], lower, "small letter"),
                (kinds["upper"], upper, "capital"),
                (kinds["other"], others, "other character"),
            )
            if has < least
        ]
        if in_a_row >= 1 and max((len(list(same)) for _, same in groupby(key)), default=0) > in_a_row:
            lacks.append(f"no character more than {in_a_row} times in a row")
        if lacks:
            found.append((line, n, f"expected a key that meets the site's password policy: {', '.join(lacks)}"))
    return found
