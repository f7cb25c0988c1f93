courseid BIGINT NULL
