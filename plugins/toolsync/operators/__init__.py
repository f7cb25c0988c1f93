"""The operators that every command-file DAG is made of, one file each."""
