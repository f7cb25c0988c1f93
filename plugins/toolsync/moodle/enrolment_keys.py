"""Enrolment keys for sites that ask every course to have one."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from typing import Any

LENGTH = 20
KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "*-+#=")


def generate(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """A random key for each row: small and capital letters, digits and signs, so that it meets any usual password policy.

    :param rows: what identifies the enrolment method.
    :return: the rows, each with its key.
    """
    return [(*row, _key()) for row in rows]


def _key() -> str:
    characters = [secrets.choice(kind) for kind in KINDS]
    characters += [secrets.choice("".join(KINDS[:3])) for _ in range(LENGTH - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)
