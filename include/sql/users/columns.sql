userid BIGINT NULL,
renamed TINYINT NULL,
restored TINYINT NULL,
created TINYINT NULL,
changed TINYINT NULL
