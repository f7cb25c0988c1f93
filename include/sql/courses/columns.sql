courseid BIGINT NULL, templateid BIGINT NULL
