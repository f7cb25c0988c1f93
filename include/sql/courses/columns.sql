courseid BIGINT NULL, templateid BIGINT NULL, backup TINYINT NULL
