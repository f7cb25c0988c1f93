asked TEXT NULL,
courseid BIGINT NULL,
contextid BIGINT NULL,
rolewords TEXT NULL,
modulewords TEXT NULL,
shift BIGINT NULL,
KEY (courseid)
