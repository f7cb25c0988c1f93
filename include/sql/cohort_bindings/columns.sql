command VARCHAR(20) NULL,
cohortid BIGINT NULL,
courseid BIGINT NULL,
roleid BIGINT NULL,
rolewanted LONGTEXT NULL,
newgroup TINYINT NULL,
groupname VARCHAR(254) NULL
