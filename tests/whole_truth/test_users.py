"""Accounts files that state the whole truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.site import Site

pytestmark = pytest.mark.usefixtures("airflow")

ACTIVE = "SELECT username FROM {user} WHERE deleted = 0 AND suspended = 0 AND auth = 'manual' AND mnethostid = 1 AND username NOT IN ('admin', 'guest') ORDER BY username"


def test_whoever_is_not_in_the_file_is_suspended(site: Site):
    names = [name for (name,) in site.rows(ACTIVE)]
    print(
        len(names),
        names[:5],
        site.rows("SELECT value FROM {config} WHERE name IN ('siteadmins','siteguest','mnet_localhost_id')"),
    )
    text = "username\n" + "\n".join(names[2:]) + "\n"
    result = site.run("toolsync_users", text, mode="full", scope_auth="manual")
    print(Path(result["report"]).read_text())
    print(result)
    assert [name for (name,) in site.rows(ACTIVE)] == names[2:]
