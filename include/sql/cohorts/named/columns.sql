cmd TEXT NULL,
cid TEXT NULL,
cidnumber TEXT NULL,
cname TEXT NULL,
userid TEXT NULL
