"""Tool Sync for Airflow: applies command files to the database of a Moodle site."""

__version__ = "0.2.0"  # reports, undo bundles and the log of execute carry it
