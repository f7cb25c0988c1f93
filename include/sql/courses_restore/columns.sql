asked TEXT NULL,
kind VARCHAR(30) NULL,
bundle_name VARCHAR(255) NULL,
courseid BIGINT NULL,
made BIGINT NULL,
KEY (courseid)
