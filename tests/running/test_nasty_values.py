"""Bad cells in every column of every type: a person reads what is wrong, never the words of the database server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.nasty import GOODS, NASTIEST, Good, raw_messages
from tests.support.sandbox import Sandbox
from tests.support.site import Site
from toolsync.moodle.hook import MoodleHook


@pytest.fixture
def sandbox(site: Site, pristine: Site) -> Iterator[Sandbox]:
    with MoodleHook().session(lock_seconds=1) as session:
        yield Sandbox(session, pristine)


@pytest.mark.parametrize("good", GOODS, ids=lambda good: good.name.replace(" ", "-"))
def test_no_bad_cell_shows_the_words_of_the_database_server(sandbox: Sandbox, good: Good):
    columns = [column for column in good.columns(sandbox) if re.fullmatch(good.few, column)]
    raw = raw_messages(sandbox, good, NASTIEST, columns)
    assert not raw, "\n".join(raw)
