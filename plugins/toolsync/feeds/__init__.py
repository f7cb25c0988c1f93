"""Packages of other systems (OneRoster, Canvas SIS) become command files: they are read, checked against the suites of their files, and mapped as YAML says."""
