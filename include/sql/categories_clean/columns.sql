contextid BIGINT NULL
