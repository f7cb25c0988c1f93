-- One part after the other, in the order of the file: what was changed last is undone first.
INSERT INTO toolsync_touch (line, thing, mode)
SELECT r.line, 'undo', NULL FROM toolsync_row r;
