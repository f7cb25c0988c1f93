"""Tool Sync for Airflow: command files become rows of a Moodle database."""

__version__ = "0.2.0"  # reports, undo bundles and the log of execute carry it
