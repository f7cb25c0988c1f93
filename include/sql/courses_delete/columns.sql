asked TEXT NULL,
courseid BIGINT NULL,
contextid BIGINT NULL,
category BIGINT NULL,
place BIGINT NULL,
byhand TINYINT NULL,
KEY (courseid)
