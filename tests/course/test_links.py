"""Links to the site's own pages within texts."""

from __future__ import annotations

import pytest

from toolsync.course.links import SiteLinks

ADDRESS = "https://moodle.example/site"
PAGES = {
    "course/view.php?id": "course",
    "badges/index.php?type=2&id": "course",
    "mod/*/view.php?id": "course_modules",
    "mod/book/view.php?id&chapterid": ["course_modules", "book_chapters"],
    "pluginfile.php/": "context",
}
LINKS = SiteLinks(PAGES, ADDRESS + "/")
NEW = {("course", 2): 90, ("course_modules", 7): 91, ("book_chapters", 8): 92, ("context", 3): 93}


def follow(text: str) -> str:
    return LINKS.with_ids(text, lambda table, old: NEW.get((table, old)))


@pytest.mark.parametrize(
    ("link", "followed"),
    [
        ("/course/view.php?id=2", "/course/view.php?id=90"),
        ("/course/view.php?id=2&section=2#here", "/course/view.php?id=90&section=2#here"),
        ("/mod/some_thing2/view.php?id=7", "/mod/some_thing2/view.php?id=91"),
        # Longer pages come first: this is not a link to an activity, followed by a parameter.
        ("/mod/book/view.php?id=7&chapterid=8", "/mod/book/view.php?id=91&chapterid=92"),
        ("/mod/book/view.php?id=7&amp;chapterid=8", "/mod/book/view.php?id=91&amp;chapterid=92"),
        ("/badges/index.php?type=2&amp;id=2", "/badges/index.php?type=2&amp;id=90"),
        ("/pluginfile.php/3/mod_page/content/7/a.png", "/pluginfile.php/93/mod_page/content/7/a.png"),
        ("/mod/book/view.php?id=7&chapterid=2", "/mod/book/view.php?id=7&chapterid=2"),  # no such chapter, so the whole link stays
        ("/course/view.php?id=22", "/course/view.php?id=22"),
        ("/course/view.php?name=2", "/course/view.php?name=2"),
        ("/mod/../view.php?id=7", "/mod/../view.php?id=7"),
        ("/badges/index.php?type=1&id=2", "/badges/index.php?type=1&id=2"),
    ],
)  # fmt: skip
def test_ids_of_the_sites_pages_are_replaced_and_nothing_else(link: str, followed: str):
    assert follow(f'<a href="{ADDRESS}{link}">2 7 8</a>') == f'<a href="{ADDRESS}{followed}">2 7 8</a>'
    assert LINKS.has_link(f"{ADDRESS}/pluginfile.php/1/") and not LINKS.has_link(f"{ADDRESS}/nowhere.php?id=2")


def test_links_within_other_addresses():
    there = "https://away.example/?to=https%3A%2F%2Fmoodle.example%2Fsite%2Fmod%2Fbook%2Fview.php%3Fid%3D{}%26chapterid%3D{}&x=7"
    assert follow(there.format(7, 8)) == there.format(91, 92)
    assert follow(there.format(7, 9)) == there.format(7, 9)


@pytest.mark.parametrize(
    "text",
    [
        "https://moodle.example/course/view.php?id=2",
        "https://moodle.example/site2/course/view.php?id=2",
        "http://moodle.example/site/course/view.php?id=2",
        "https://moodleXexample/site/course/view.php?id=2",
        "/course/view.php?id=2",
        "$@COURSEVIEWBYID*2@$",
        "",
    ],
)
def test_addresses_of_other_sites_stay(text: str):
    assert follow(text) == text
    assert not LINKS.has_link(text)


def test_several_links_and_what_stands_between():
    text = f"{ADDRESS}/course/view.php?id=2 {ADDRESS}/course/view.php?id=5,{ADDRESS}/mod/quiz/view.php?id=7"
    assert follow(text) == text.replace("id=2 ", "id=90 ").replace("id=7", "id=91")


def test_a_site_whose_address_is_not_known_has_no_links():
    links = SiteLinks(PAGES, "")
    assert not links.has_link("/course/view.php?id=2")
    assert links.with_ids("/course/view.php?id=2", lambda table, old: 1) == "/course/view.php?id=2"
