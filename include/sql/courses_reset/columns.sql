asked TEXT NULL,
courseid BIGINT NULL,
contextid BIGINT NULL,
rolewords LONGTEXT NULL,
modulewords LONGTEXT NULL,
shift BIGINT NULL,
KEY (courseid)
