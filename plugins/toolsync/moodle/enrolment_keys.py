"""Random enrolment keys, for sites that require one for self enrolment."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from typing import Any

LENGTH = 20
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
