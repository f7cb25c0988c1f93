"""User pictures from ZIP archives.

Drop a ZIP archive of images into the cabinet's `user_pictures/inbox`. The name of an image says whose picture it is: `ada.jpg` is for the
account `ada` (or as Param `user_id_field` says), in whatever folder of the archive it is. Images that fail come back as an archive in
`user_pictures/tryback`, the archive moves to `user_pictures/archive`, and `user_pictures/report` says what became of every image, with a
contact sheet: one page that shows the pictures before and after.

## What an image does

It becomes the person's picture as if it had been uploaded in Moodle: its largest centred square, at 100, 35 and 512 pixels. A JPEG stays a
JPEG; any other format becomes PNG and keeps its transparency. The image is rotated as its EXIF orientation says, and its metadata (place,
time) is dropped.

| image | effect |
|---|---|
| of an account without a picture | `created` |
| of an account with a picture | replaces it: `updated`; with Param `overwrite` off the old picture stays: `unchanged` |
| that yields the very picture that the account has | `unchanged`, nothing is written |
| several of the same account | the last one in the archive counts |

`.jpg`, `.jpeg`, `.png`, `.gif` (the first frame) and `.webp` are read; the content counts, not the extension. What operating systems leave
in archives (`__MACOSX`, `Thumbs.db`, names that begin with a dot) is skipped.

## What fails

An image fails alone, with its reason: if there is no such account; if it is damaged or not one of these formats; if its path is absolute or
leads out of the archive; if it is a link, encrypted or an archive itself; or if it exceeds the limits in `include/toolsync.yaml`. A file is
rejected if it is not a ZIP archive, holds no image, or is too large as a whole.

The worker must be able to reach the site's data folder, whose path or address is `dataroot` in the extra of the connection. If it can't,
the run fails before it changes anything.

## Example

```text
2026/class a/ada.jpg
2026/class a/grace.png
2026/class b/linus.webp
```
"""

from airflow.sdk import DAG

from toolsync.operators.pictures import PICTURES
from toolsync.pipeline import choice, command_file_dags, option

dags: list[DAG] = command_file_dags(
    "user_pictures",
    title="Account pictures",
    doc=__doc__,
    changes="moodle_pictures",
    tags=["accounts"],
    steps=PICTURES,
    params={
        "user_id_field": choice(
            "username",
            ["username", "username@mnethostid", "idnumber", "email", "id"],
            "Find accounts by",
            "What the file names of the images contain. `username@mnethostid` finds accounts of other MNet hosts: `ada@3.jpg`.",
        ),
        "overwrite": option(
            True,
            "Replace pictures",
            "Otherwise an account keeps the picture that it has, and the image is `unchanged`.",
        ),
    },
)
