"""Tool Sync for Airflow: command files become rows of a Moodle database."""
