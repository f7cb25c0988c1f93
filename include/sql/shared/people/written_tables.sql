-- Enrolments and roles to be written. They are made anew for courses that follow others.
CREATE TEMPORARY TABLE toolsync_enrolment (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    enrolid BIGINT NOT NULL, userid BIGINT NOT NULL, courseid BIGINT NOT NULL, line INT UNSIGNED NOT NULL, n BIGINT NOT NULL,
    timestart BIGINT NULL, timeend BIGINT NULL, suspended TINYINT NULL,
    ueid BIGINT NULL, differs TINYINT NOT NULL,
    UNIQUE KEY (enrolid, userid)
);

CREATE TEMPORARY TABLE toolsync_role_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    contextid BIGINT NOT NULL, userid BIGINT NOT NULL, roleid BIGINT NOT NULL, component VARCHAR(100) NOT NULL, itemid BIGINT NOT NULL,
    courseid BIGINT NULL, line INT UNSIGNED NULL, n BIGINT NULL,
    UNIQUE KEY (userid, contextid, roleid, component, itemid)
);

CREATE TEMPORARY TABLE toolsync_role_gone (
    id BIGINT NOT NULL PRIMARY KEY, contextid BIGINT NOT NULL, courseid BIGINT NULL, userid BIGINT NOT NULL, roleid BIGINT NOT NULL,
    component VARCHAR(100) NOT NULL,
    KEY (userid, contextid)
);
