"""The feeds of a site: whether what they ask is there, and whether their Params and the mappings of packages make sense. No query is asked."""

from __future__ import annotations

from collections.abc import Iterator

from toolsync.checking.findings import Finding, ok, wrong
from toolsync.checking.ground import Ground
from toolsync.feeds.mapping import load_mapping
from toolsync.moodle.php import find_connection
from toolsync.operators.feed_settings import Feed, feeds_of, params_problems
from toolsync.operators.packages import KINDS_OF_PACKAGES, mapping_name, mapping_path
from toolsync.settings import WrongSetting

MAPPING = "Correct the mapping: docs/packages.md explains each key."


def check_feeds(ground: Ground) -> Iterator[Finding]:
    """Each query: its connection, its file, the Params of its type."""
    for feed in feeds_of(ground.site):
        found = list(_wrong_with(ground, feed)) if feed.conn_id else []
        yield from found
        if not found:
            what = f"asks {feed.conn_id} for {feed.type}" if feed.conn_id else f"looks for {feed.files} of {feed.type}"
            yield ok(f"The feed {feed.name} {what}.")


def _wrong_with(ground: Ground, feed: Feed) -> Iterator[Finding]:
    assert feed.conn_id
    if find_connection(feed.conn_id) is None:
        yield wrong(
            f"{feed.place}: there is no connection {feed.conn_id}.",
            "Make it in Airflow, for the database that the feed asks; its account needs no right but to read.",
        )
    try:
        feed.query()
    except WrongSetting as reason:
        yield wrong(str(reason), "Every worker needs the file, beside its folder include.")
    for problem in params_problems(ground.site, feed.type, feed.params):
        yield wrong(f"{feed.place}, params: {problem}", f"The Params are those of {ground.site.dag_id(feed.type)}.")


def check_mappings(ground: Ground) -> Iterator[Finding]:
    """The mappings of packages."""
    for kind in KINDS_OF_PACKAGES:
        try:
            mapping = load_mapping(kind, mapping_path(ground.site, kind))
        except WrongSetting as reason:
            yield wrong(str(reason), MAPPING)
            continue
        found = [
            f"{mapping_name(ground.site, kind)}, {section}, {file_type}: {problem}"
            for section in ("params", "bulk_params")
            for file_type, params in mapping[section].items()
            for problem in params_problems(ground.site, file_type, params)
        ]
        yield from (wrong(problem, MAPPING) for problem in found)
        if not found:
            yield ok(f"The mapping of {kind} packages makes sense.")
