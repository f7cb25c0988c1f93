"""Many more bad cells than in `tests/running/test_nasty_values.py`; and each column alone in its file, as its absence is another thing than an empty cell."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.support.nasty import GOODS, NASTY, raw_messages
from tests.support.sandbox import Sandbox
from tests.support.site import Site
from tests.support.torture import seeds
from toolsync.moodle.hook import MoodleHook


@pytest.fixture
def sandbox(site: Site, pristine: Site) -> Iterator[Sandbox]:
    with MoodleHook().session(lock_seconds=1) as session:
        yield Sandbox(session, pristine)


@pytest.mark.parametrize("seed", seeds(1))
def test_no_bad_cell_shows_the_words_of_the_database_server(sandbox: Sandbox, seed: int):
    chance = random.Random(f"nasty {seed}")
    good = chance.choice(GOODS)
    column = chance.choice(good.columns(sandbox))
    raw = raw_messages(sandbox, good, NASTY, [column]) + raw_messages(sandbox, good, chance.sample(NASTY, 8))
    assert not raw, "\n".join(raw)
