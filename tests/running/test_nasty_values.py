"""Bad cells in every column of every type: a person reads what is wrong, never the words of the database server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.nasty import GOODS, NASTIEST, NASTY, RAW, Good, raw_messages
from tests.support.pictures import RED, archive, plain
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


@pytest.mark.usefixtures("airflow")
@pytest.mark.parametrize("by", ["username", "idnumber", "email", "id", "username@mnethostid"])
def test_no_name_of_a_picture_does_either(site: Site, by: str):
    # A name within an archive is no longer than 65,535 bytes, and holds no lone surrogates.
    names = [value[:60_000] for value in NASTY if value.isprintable()]
    pictures = archive({f"{number}/{name}.png": plain(RED) for number, name in enumerate(names)})
    ended = site.run("toolsync_user_pictures", pictures, user_id_field=by, simulate=True)
    assert ended["state"] == "success", ended["messages"]
    report = Path(ended["lines"]).read_text(encoding="utf-8")
    assert not RAW.search(report)
    assert sum(ended["counts"].values()) >= len(names) / 2
