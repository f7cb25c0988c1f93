-- Of two images of one person, the later one stays.
INSERT INTO toolsync_touch (line, thing, mode) SELECT line, userid, NULL FROM toolsync_row WHERE userid IS NOT NULL;
