asked TEXT NULL,
courseid BIGINT NULL,
contextid BIGINT NULL,
KEY (courseid)
