"""What `make test` takes a sample of. `TOOLSYNC_EVERY=1` takes all of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

Case = TypeVar("Case")
EVERYTHING = "TOOLSYNC_EVERY" in os.environ


def sample(cases: Sequence[Case], step: int) -> Sequence[Case]:
    """One case of so many, the first among them."""
    return cases if EVERYTHING else cases[::step]


def examples(many: int) -> int:
    """How many examples Hypothesis makes: half as many in `make test`."""
    return many if EVERYTHING else -(-many // 2)
