"""The contact sheet of an archive of user pictures: a self-contained HTML page with each picture before and after."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }}
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); gap: 1em; padding: 0; list-style: none }}
li {{ border: 1px solid #ccc; border-radius: 4px; padding: .6em; overflow-wrap: anywhere }}
div {{ display: flex; gap: .6em }}
img, i {{ width: 100px; height: 100px; background: #eee }}
b {{ font-weight: 600 }}
@media (prefers-color-scheme: dark) {{ body {{ color: #ddd; background: #222 }} li {{ border-color: #555 }} img, i {{ background: #333 }} }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
<ul>
"""


@dataclass(frozen=True)
class SheetEntry:
    """A picture on the sheet.

    :param path: of the image in the archive.
    :param before: the `data:` address of the person's picture before; None: there was none.
    :param after: the `data:` address of the picture that the image became.
    """

    path: str
    outcome: str
    before: str | None
    after: str


def data_address(content: bytes, mimetype: str) -> str:
    """A `data:` address, which contains the image itself."""
    return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"


def contact_sheet(title: str, summary: str, pictures: Iterable[SheetEntry]) -> Iterator[str]:
    """The HTML of the page, in parts."""
    yield PAGE.format(title=escape(title), summary=escape(summary))
    for picture in pictures:
        before = f'<img src="{escape(picture.before)}" alt="before">' if picture.before else "<i></i>"
        after = f'<img src="{escape(picture.after)}" alt="after">'
        yield f"<li><div>{before}{after}</div><b>{escape(picture.path)}</b><br>{escape(picture.outcome)}</li>\n"
    yield "</ul>\n</html>\n"
