"""Small letters, as PHP's mb_strtolower has them."""

from __future__ import annotations

from typing import cast

import pytest

from toolsync.moodle.session import Site
from toolsync.moodle.small_letters import lower

PHP_82 = {
    "İngilizce": "i̇ngilizce",
    "ΟΔΥΣΣΕΥΣ Σ": "οδυσσευσ σ",
    "ǅ": "ǆ",
    "ẞ": "ß",
    "\u212a": "k",
    "Ⱥ": "ⱥ",
    "Ა": "ა",
    "Ꭰ": "ꭰ",
}


class OfVersion:
    """A site of this version."""

    def __init__(self, version: float):
        self.version = version


@pytest.mark.parametrize(("version", "sigma"), [(2025100606.0, "οδυσσευσ σ"), (2026042000.0, "οδυσσευς σ")])
def test_they_are_those_of_the_php_that_the_site_has(version: float, sigma: str):
    expected = PHP_82 | {"ΟΔΥΣΣΕΥΣ Σ": sigma}
    assert lower(enumerate(PHP_82), cast(Site, OfVersion(version))) == list(enumerate(expected.values()))
