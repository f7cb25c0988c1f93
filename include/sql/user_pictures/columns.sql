contextid BIGINT NULL,
had_picture TINYINT NULL,
fileid BIGINT NULL
