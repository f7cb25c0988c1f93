"""The operators that Airflow runs: one file for each task, thin."""
