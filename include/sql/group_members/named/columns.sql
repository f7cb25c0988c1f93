courseid TEXT NULL,
groupid TEXT NULL,
userid TEXT NULL
