"""What Airflow's list of providers says of Tool Sync when it is installed from a wheel."""

from __future__ import annotations

from typing import Any

from toolsync import __version__

PACKAGE_NAME = "airflow-toolsync"


def get_provider_info() -> dict[str, Any]:
    """The provider, as Airflow's `provider_info.schema.json` has it.

    It has no connection type of its own: `moodle_db` is of type MySQL, whose form has its fields. The plugin is an entry point of Airflow's own.
    """
    return {
        "package-name": PACKAGE_NAME,
        "name": "Tool Sync",
        "description": "Feeds Moodle sites from flat files.",
        "versions": [__version__],
    }
