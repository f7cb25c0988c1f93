"""What the SQL asks of the site's data folder."""

from __future__ import annotations

from pathlib import Path

from toolsync.moodle.languages import installed_languages
from toolsync.moodle.session import MoodleSession


class Session(MoodleSession):
    """Stands for a session on a site with that data folder."""

    def __init__(self, dataroot: Path | None) -> None:
        super().__init__(None, "mdl_", {"dataroot": str(dataroot)} if dataroot else {})


def test_language_packs_are_folders_and_english_is_always_there(tmp_path: Path):
    (tmp_path / "lang" / "fr").mkdir(parents=True)
    (tmp_path / "lang" / "fr" / "langconfig.php").touch()
    assert installed_languages([("en",), ("fr",), ("de",)], Session(tmp_path)) == [("en",), ("fr",)]


def test_any_language_will_do_without_a_data_folder():
    assert installed_languages([("en",), ("de",)], Session(None)) == [("en",), ("de",)]
