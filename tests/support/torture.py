"""How often the tests attack: a few seeds each in the ordinary suite, many by `make torture`."""

from __future__ import annotations

import os
import random

TIMES = "TOOLSYNC_TORTURE"  # an environment variable: how many times as many seeds
FIRST = "TOOLSYNC_SEED"  # another one: the first of them


def seeds(few: int) -> list[int]:
    """The seeds of an attack, the same ones each time unless the environment says otherwise.

    Several processes of pytest must know the first one: `make torture` chooses it.

    :param few: how many the ordinary suite takes.
    """
    times, first = int(os.environ.get(TIMES) or 0), os.environ.get(FIRST)
    if not times:
        return list(range(few))
    start = int(first) if first else random.randrange(1_000_000)
    return list(range(start, start + few * times))
