command VARCHAR(20) NULL,
kind VARCHAR(20) NULL,
course BIGINT NULL,
groupkey TEXT NULL,
groupingkey TEXT NULL,
target BIGINT NULL,
bindkey TEXT NULL,
bindto BIGINT NULL
