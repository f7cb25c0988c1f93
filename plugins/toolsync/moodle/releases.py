"""Whether a site's Moodle is new enough for something that came, or was mended, with several releases at once."""

from __future__ import annotations

# The day on which the branch of a version began, the first eight digits of its numbers; two more tell the release: 2022112807 is 4.1.7.
BRANCHES = {
    "4.1": 20221128,
    "4.2": 20230424,
    "4.3": 20231009,
    "4.4": 20240422,
    "4.5": 20241007,
    "5.0": 20250414,
    "5.1": 20251006,
}

# The newest Moodle with which everything was tested, and the newest whose source was reviewed: its beta of September 2026.
TESTED, READ = "5.1", "5.3"


def number_of(release: str) -> int:
    """Moodle's own number of a release, `4.1.7` or `4.4`."""
    major, minor, *point = release.split(".")
    return BRANCHES[f"{major}.{minor}"] * 100 + int(*point)


def is_since(version: float, *releases: str) -> bool:
    """Whether a Moodle has what came with these releases.

    :param version: its `config.version`, such as 2022112807.03.
    :param releases: the first release of each branch that has it, `4.1.7`, `4.2.4`; later branches have it, and earlier ones don't.
    """
    numbers = [number_of(release) for release in releases]
    return version >= max(numbers) or any(number <= version < (number // 100 + 1) * 100 for number in numbers)


def tag_characters(version: float) -> int:
    """How many characters of a tag a Moodle keeps; it cuts off the others.

    :param version: its `config.version`.
    """
    return 255 if is_since(version, "4.4.4", "4.5") else 50
