"""Bytes become checked lines: a command file is read, and its columns and values are held against the suite of its type."""
