"""The language packs in the site's data folder."""

from __future__ import annotations

from pathlib import Path

from toolsync.moodle.languages import installed_languages
from toolsync.moodle.session import MoodleSession


class Session(MoodleSession):
    """A stand-in for a session on a site with that data folder."""

    def __init__(self, dataroot: Path | None) -> None:
        super().__init__(None, "mdl_", {"dataroot": str(dataroot)} if dataroot else {})


def test_language_packs_are_folders_and_english_is_always_there(tmp_path: Path):
    (tmp_path / "lang" / "fr").mkdir(parents=True)
    (tmp_path / "lang" / "fr" / "langconfig.php").touch()
    assert installed_languages([("en",), ("fr",), ("de",)], Session(tmp_path)) == [("en",), ("fr",)]


def test_without_a_data_folder_every_language_is_accepted():
    assert installed_languages([("en",), ("de",)], Session(None)) == [("en",), ("de",)]
