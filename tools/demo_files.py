"""Stand-ins for the files of the demo site: `python tools/demo_files.py MARIADB MOODLEDATA`.

Its database names two hundred files whose contents are nowhere. Empty space of the same size takes their place, so that none is missed.
"""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.mariadb import PrivateServer  # noqa: E402

DATABASE = "moodle"
FILES = "SELECT DISTINCT contenthash, filesize FROM mdl_files WHERE filesize > 0"


def make(server: PrivateServer, data_folder: Path) -> None:
    for row in server.execute(FILES, DATABASE).splitlines():
        content_hash, size = row.split("\t")
        path = data_folder / "filedir" / content_hash[:2] / content_hash[2:4] / content_hash
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            stream.truncate(int(size))


if __name__ == "__main__":
    make(PrivateServer(Path(sys.argv[1])), Path(sys.argv[2]))
