"""What became of a file, for people and programs: outcomes, plan, approval, report."""
