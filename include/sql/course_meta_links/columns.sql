command VARCHAR(20) NULL,
masterid BIGINT NULL,
metaid BIGINT NULL
