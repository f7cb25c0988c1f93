"""Lines become rows: batches, segments, and the SQL files that do the work."""
