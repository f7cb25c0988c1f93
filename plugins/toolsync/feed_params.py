"""The Params of files that state what another system has: "The whole export" of the trigger form."""

from __future__ import annotations

from airflow.sdk import Param

from toolsync.pipeline import option

EXPORT = "The whole export"


def data_set_params() -> dict[str, Param]:
    """The Params of a type whose files may be compared with the last one."""
    return {
        "data_set": Param(
            "",
            type=["null", "string"],
            pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]{0,59})?$",
            expected="a name of at most 60 letters, digits and signs . _ -, which does not begin with a dot, or an empty text",
            section=EXPORT,
            title="Data set",
            description="A name for what the file is an export of, `sis`. The file is compared with the last one that was applied under that name, and lines "
            "that are the same don't run. Empty: all lines run.",
        ),
        "verify": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            examples=["1", "7"],
            section=EXPORT,
            title="Verify",
            description="Apply the whole file all the same: 1 now, 7 on every 7th run of the data set. So the site gets back what somebody has changed there.",
        ),
        "least_lines": Param(
            None,
            type=["null", "number"],
            minimum=0,
            maximum=100,
            examples=["80", "95"],
            section=EXPORT,
            title="Least lines",
            description="A file with fewer lines than so many per cent of the last one is rejected: an export that was cut off. 0: any number of lines.",
        ),
        "keep_manual_changes": option(
            False,
            "Keep manual changes",
            "What somebody has changed on the site since a file of the data set wrote it stays, whatever the file says; a note on the line tells it.",
            section=EXPORT,
        ),
    }
