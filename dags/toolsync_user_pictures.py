"""User pictures from ZIP archives.

Drop a ZIP archive of images into the cabinet's `user_pictures/inbox`. An image is the picture of the account that its name says: `ada.jpg` is for the account
`ada` (or as Param `user_id_field` says), in whatever folder of the archive it lies. Images that failed come back as an archive in `user_pictures/tryback`, the
archive goes to `user_pictures/archive`, and `user_pictures/report` says what became of every image, with a contact sheet: one page with the pictures before and after.

## What an image does

It becomes the picture as if it had been uploaded in Moodle: the largest centred square of it, at 100, 35 and 512 pixels. A JPEG stays a JPEG, anything else
becomes PNG and keeps its transparency. The way the camera was held is made up for. What the camera noted (the place, the time) is not kept.

| image | does |
|---|---|
| of an account without a picture | `created` |
| of an account with a picture | replaces it: `updated`; with Param `overwrite` off the old one stays: `unchanged` |
| that gives the very picture the account has | `unchanged`, nothing is written |
| several of one account | the last one of the archive stays |

Read are `.jpg`, `.jpeg`, `.png`, `.gif` (the first frame) and `.webp`; what counts is what the file is, not how its name ends. What operating systems leave in
archives (`__MACOSX`, `Thumbs.db`, names that begin with a dot) is skipped.

## What fails

An image fails alone, with its reason, when there is no such account, when it is damaged or no such image, when its path is absolute or leads out of the archive, when it
is a link, encrypted, an archive itself, or larger than `include/toolsync.yaml` allows. A file that is no ZIP archive, has no image, or is too large as a whole is rejected.

The site's data folder must be within reach: the connection's extra says where it is (`dataroot`), as a folder or an address. When it isn't, the run fails before it
touches anything.

## Example

    2026/class a/ada.jpg
    2026/class a/grace.png
    2026/class b/linus.webp
"""

from airflow.sdk import DAG

from toolsync.operators.pictures import PICTURES
from toolsync.pipeline import choice, command_file_dag, option

dag: DAG = command_file_dag(
    "user_pictures",
    doc=__doc__,
    changes="moodle_pictures",
    tags=["accounts"],
    steps=PICTURES,
    params={
        "user_id_field": choice(
            "username",
            ["username", "username@mnethostid", "idnumber", "email", "id"],
            "Accounts are found by",
            "What the names of the images say. `username@mnethostid` reaches accounts of other MNet hosts: `ada@3.jpg`.",
        ),
        "overwrite": option(
            True, "Replace pictures", "Otherwise a person who has a picture keeps it, and the image is `unchanged`."
        ),
    },
)
