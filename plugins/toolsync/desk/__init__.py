"""The Tool Sync page: what a person sees and does in Airflow, and the same for programs."""
