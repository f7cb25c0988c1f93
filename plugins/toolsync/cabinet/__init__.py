"""Where command files live: inbox, work, tryback, archive and report, and who has claimed which file."""
