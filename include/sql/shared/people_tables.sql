-- The work tables in which a type says what to do (see README.md), and the tables that the steps share.

-- @enrol_plugins: names of the enabled enrolment plugins, separated by commas; NULL: the setting is missing
-- @meta_unenrol: what a meta link does with people who leave the master course: 0 unenrol, 1 keep, 2 suspend, 3 suspend and take their roles
-- @meta_skip_roles: ids of the roles that meta links don't pass on, separated by commas; empty: they pass on all
-- @meta_sync_all: 1 if meta links enrol everybody who is enrolled in the master course, 0 if only those who have a role there
-- @cohort_unenrol: what cohort sync does with people who leave the cohort: 0 unenrol, otherwise suspend and take their roles
SET @enrol_plugins = {{ setting("enrol_plugins_enabled") }},
    @meta_unenrol = COALESCE({{ setting("unenrolaction", plugin="enrol_meta") }}, 3) + 0,
    @meta_skip_roles = REPLACE(COALESCE({{ setting("nosyncroleids", plugin="enrol_meta") }}, ''), ' ', ''),
    @meta_sync_all = COALESCE({{ setting("syncall", plugin="enrol_meta") }}, 1) NOT IN ('', '0'),
    @cohort_unenrol = COALESCE({{ setting("unenrolaction", plugin="enrol_cohort") }}, 0) + 0;

-- @meta_follows: 1 if the plugin for meta links is enabled, otherwise 0
-- @cohort_follows: 1 if the plugin for cohort sync is enabled, otherwise 0
SET @meta_follows = COALESCE(FIND_IN_SET('meta', @enrol_plugins) > 0, 0),
    @cohort_follows = COALESCE(FIND_IN_SET('cohort', @enrol_plugins) > 0, 0);

-- @guest: id of the guest account; NULL: the setting is missing
SET @guest = {{ setting("siteguest") }} + 0;

-- @front_page: id of the course that is the site's front page
SET @front_page = (SELECT MIN(id) FROM {course} WHERE category = 0);

-- Read before the look-ups: what somebody on the site creates after them is newer, and noticed.
-- @newest_group: the highest id of a group before any is created; 0: the site has none
-- @newest_cohort: the highest id of a cohort before any is created; 0: the site has none
SET @newest_group = (SELECT COALESCE(MAX(id), 0) FROM {groups}),
    @newest_cohort = (SELECT COALESCE(MAX(id), 0) FROM {cohort});

CREATE TEMPORARY TABLE toolsync_enrolment_op (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL DEFAULT 0, field VARCHAR(255) NULL,
    action VARCHAR(10) NOT NULL, enrolid BIGINT NOT NULL, courseid BIGINT NOT NULL, userid BIGINT NOT NULL,
    timestart BIGINT NULL, timeend BIGINT NULL, suspended TINYINT NULL,
    status VARCHAR(10) NULL, message TEXT NULL,
    PRIMARY KEY (line, n), KEY (userid, courseid)
);

CREATE TEMPORARY TABLE toolsync_role_op (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL DEFAULT 0, field VARCHAR(255) NULL,
    action VARCHAR(10) NOT NULL, contextid BIGINT NOT NULL, courseid BIGINT NULL, userid BIGINT NOT NULL, roleid BIGINT NULL,
    component VARCHAR(100) NOT NULL DEFAULT '', itemid BIGINT NOT NULL DEFAULT 0,
    status VARCHAR(10) NULL, message TEXT NULL,
    PRIMARY KEY (line, n)
);

CREATE TEMPORARY TABLE toolsync_member_op (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL DEFAULT 0, field VARCHAR(255) NULL,
    action VARCHAR(10) NOT NULL, courseid BIGINT NOT NULL, groupid BIGINT NULL, groupname VARCHAR(254) COLLATE utf8mb4_bin NULL, userid BIGINT NOT NULL,
    component VARCHAR(100) NOT NULL DEFAULT '', itemid BIGINT NOT NULL DEFAULT 0,
    status VARCHAR(10) NULL, message TEXT NULL,
    PRIMARY KEY (line, n)
);

CREATE TEMPORARY TABLE toolsync_cohort_member_op (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL DEFAULT 0, field VARCHAR(255) NULL,
    action VARCHAR(10) NOT NULL, cohortid BIGINT NOT NULL, userid BIGINT NOT NULL,
    status VARCHAR(10) NULL, message TEXT NULL,
    PRIMARY KEY (line, n)
);

CREATE TEMPORARY TABLE toolsync_instance_op (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL DEFAULT 0, field VARCHAR(255) NULL,
    action VARCHAR(10) NOT NULL, enrolid BIGINT NULL, courseid BIGINT NOT NULL, enrol VARCHAR(20) NOT NULL, roleid BIGINT NULL,
    customint1 BIGINT NULL, customint2 BIGINT NULL, enrolstartdate BIGINT NULL, enrolenddate BIGINT NULL,
    status VARCHAR(10) NULL, message TEXT NULL,
    PRIMARY KEY (line, n), KEY (enrolid)
);

CREATE TEMPORARY TABLE toolsync_group_op (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL DEFAULT 0, field VARCHAR(255) NULL,
    courseid BIGINT NOT NULL, groupid BIGINT NULL, name VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, idnumber VARCHAR(100) NULL, description LONGTEXT NULL,
    enrolmentkey VARCHAR(50) NULL, visibility TINYINT NULL, participation TINYINT NULL,
    status VARCHAR(10) NULL, message TEXT NULL,
    PRIMARY KEY (line, n), KEY (courseid, name)
);

CREATE TEMPORARY TABLE toolsync_cohort_op (
    line INT UNSIGNED NOT NULL, n BIGINT NOT NULL DEFAULT 0, field VARCHAR(255) NULL,
    cohortid BIGINT NULL, cohortkey VARCHAR(254) COLLATE utf8mb4_bin NOT NULL, contextid BIGINT NOT NULL DEFAULT 1, name VARCHAR(254) NOT NULL,
    idnumber VARCHAR(100) NULL, description LONGTEXT NULL, visible TINYINT NULL, component VARCHAR(100) NULL,
    status VARCHAR(10) NULL, message TEXT NULL,
    PRIMARY KEY (line, n), KEY (cohortkey)
);

CREATE TEMPORARY TABLE toolsync_group_gone (groupid BIGINT NOT NULL PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_grouping_gone (groupingid BIGINT NOT NULL PRIMARY KEY);

-- Tables that the steps of people.sql share.

CREATE TEMPORARY TABLE toolsync_instance_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, line INT UNSIGNED NOT NULL, n BIGINT NOT NULL, courseid BIGINT NOT NULL,
    sortorder BIGINT NOT NULL
);

CREATE TEMPORARY TABLE toolsync_leaving (
    ueid BIGINT NOT NULL PRIMARY KEY, enrolid BIGINT NOT NULL, userid BIGINT NOT NULL, courseid BIGINT NOT NULL, contextid BIGINT NOT NULL,
    component VARCHAR(100) NOT NULL
);

CREATE TEMPORARY TABLE toolsync_last (
    courseid BIGINT NOT NULL, userid BIGINT NOT NULL, contextid BIGINT NOT NULL,
    PRIMARY KEY (courseid, userid)
);

{% include "shared/people/written_tables.sql" %}

CREATE TEMPORARY TABLE toolsync_membership_new (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    groupid BIGINT NOT NULL, userid BIGINT NOT NULL, courseid BIGINT NOT NULL, component VARCHAR(100) NOT NULL, itemid BIGINT NOT NULL,
    UNIQUE KEY (groupid, userid)
);

CREATE TEMPORARY TABLE toolsync_membership_gone (
    id BIGINT NOT NULL PRIMARY KEY, groupid BIGINT NOT NULL, userid BIGINT NOT NULL, courseid BIGINT NOT NULL,
    KEY (groupid, userid)
);

-- People whose enrolments or roles changed in a course to which others have a meta link.
CREATE TEMPORARY TABLE toolsync_changed (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));

-- People who got a role in a course: its forums may subscribe them.
CREATE TEMPORARY TABLE toolsync_subscriber (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, PRIMARY KEY (courseid, userid));

{% if site_sets("recovergradesdefault") %}
-- @recovers: 1 if whoever is enrolled gets the grades back that the history has of them in the course, otherwise 0
SET @recovers = {{ setting_is_on("recovergradesdefault") }} AND NOT {{ setting_is_on("disablegradehistory") }};

-- People who were enrolled, and whose grades the site recovers; the line that says so, 0: none does.
CREATE TEMPORARY TABLE toolsync_returning (courseid BIGINT NOT NULL, userid BIGINT NOT NULL, line INT UNSIGNED NOT NULL, PRIMARY KEY (courseid, userid));

{% endif %}
CREATE TEMPORARY TABLE toolsync_touched_course (courseid BIGINT NOT NULL PRIMARY KEY);

CREATE TEMPORARY TABLE toolsync_cohort_change (
    seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, cohortid BIGINT NOT NULL, userid BIGINT NOT NULL, joined TINYINT NOT NULL,
    UNIQUE KEY (cohortid, userid)
);

-- The rows of cohort_members that go.
CREATE TEMPORARY TABLE toolsync_cohort_left (id BIGINT NOT NULL PRIMARY KEY);

CREATE TEMPORARY TABLE toolsync_cohort_instance (
    enrolid BIGINT NOT NULL PRIMARY KEY, cohortid BIGINT NOT NULL, courseid BIGINT NOT NULL, contextid BIGINT NOT NULL, roleid BIGINT NULL,
    groupid BIGINT NULL, disabled TINYINT NOT NULL, whole TINYINT NOT NULL,
    KEY (cohortid)
);

CREATE TEMPORARY TABLE toolsync_cohort_sync (
    enrolid BIGINT NOT NULL, userid BIGINT NOT NULL, member TINYINT NOT NULL, joined TINYINT NOT NULL,
    PRIMARY KEY (enrolid, userid)
);

CREATE TEMPORARY TABLE toolsync_meta_link (
    enrolid BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL, contextid BIGINT NOT NULL, masterid BIGINT NOT NULL,
    mastercontextid BIGINT NOT NULL, groupid BIGINT NULL, disabled TINYINT NOT NULL, whole TINYINT NOT NULL,
    KEY (masterid)
);

CREATE TEMPORARY TABLE toolsync_follow (
    enrolid BIGINT NOT NULL, userid BIGINT NOT NULL, by_event TINYINT NOT NULL,
    PRIMARY KEY (enrolid, userid)
);

CREATE TEMPORARY TABLE toolsync_followed (
    enrolid BIGINT NOT NULL, userid BIGINT NOT NULL, suspended TINYINT NOT NULL, timestart BIGINT NOT NULL, timeend BIGINT NOT NULL,
    PRIMARY KEY (enrolid, userid)
);

CREATE TEMPORARY TABLE toolsync_followed_role (
    enrolid BIGINT NOT NULL, userid BIGINT NOT NULL, roleid BIGINT NOT NULL,
    PRIMARY KEY (enrolid, userid, roleid)
);

CREATE TEMPORARY TABLE toolsync_following (
    enrolid BIGINT NOT NULL, userid BIGINT NOT NULL, courseid BIGINT NOT NULL, contextid BIGINT NOT NULL, groupid BIGINT NULL,
    ueid BIGINT NULL, belongs TINYINT NOT NULL, with_roles TINYINT NOT NULL,
    suspended TINYINT NULL, timestart BIGINT NULL, timeend BIGINT NULL,
    PRIMARY KEY (enrolid, userid)
);
