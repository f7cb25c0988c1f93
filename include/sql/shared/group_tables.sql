-- The groups that lines name in toolsync_group_asked, each looked up once by find_groups.sql: a course may have hundreds, and they have no index by name.
-- Those that are meant are in toolsync_group_found (column best: is it written exactly so?); of others, one that only looks like it in toolsync_group_alike.
CREATE TEMPORARY TABLE toolsync_group_asked (
    courseid BIGINT NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, looks VARCHAR(254) NOT NULL, lowered VARCHAR(254) COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (courseid, name), KEY (courseid, lowered)
);
CREATE TEMPORARY TABLE toolsync_group_course (courseid BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_group_found (
    courseid BIGINT NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, groupid BIGINT NOT NULL, matches INT NOT NULL, best TINYINT NOT NULL,
    PRIMARY KEY (courseid, name)
);
CREATE TEMPORARY TABLE toolsync_group_lost (courseid BIGINT NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, looks VARCHAR(254) NOT NULL, PRIMARY KEY (courseid, name));
CREATE TEMPORARY TABLE toolsync_group_alike (courseid BIGINT NOT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, alike VARCHAR(255) NOT NULL, PRIMARY KEY (courseid, name));
