"""Files that are compared with the last one that was applied: only lines about things that changed are run."""
