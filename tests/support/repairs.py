"""What Moodle's own repairs look for, as SQL: `context_helper`, `fix_course_sortorder`, `course_integrity_check`, `admin/cli/fix_orphaned_*.php`, and orphans that nothing looks for."""

from __future__ import annotations

from tests.support.site import Site

LOOKS = {
    "contexts with a wrong path or depth": """
        SELECT c.id FROM {context} c LEFT JOIN {context} p ON p.path = LEFT(c.path, LENGTH(c.path) - LENGTH(c.id) - 1)
         WHERE c.path NOT LIKE CONCAT('%/', c.id) OR c.depth > 1 AND (p.id IS NULL OR c.depth <> p.depth + 1)""",
    "contexts of nothing": """
        SELECT c.id FROM {context} c LEFT JOIN {course} co ON c.contextlevel = 50 AND co.id = c.instanceid
          LEFT JOIN {course_categories} k ON c.contextlevel = 40 AND k.id = c.instanceid
          LEFT JOIN {course_modules} cm ON c.contextlevel = 70 AND cm.id = c.instanceid
          LEFT JOIN {block_instances} b ON c.contextlevel = 80 AND b.id = c.instanceid
         WHERE c.contextlevel IN (40, 50, 70, 80) AND COALESCE(co.id, k.id, cm.id, b.id) IS NULL""",
    "categories with a wrong count of courses": """
        SELECT k.id FROM {course_categories} k WHERE k.coursecount <> (SELECT COUNT(*) FROM {course} c WHERE c.category = k.id)""",
    "courses in a place that is not theirs": """
        SELECT c.id FROM {course} c JOIN {course_categories} k ON k.id = c.category
         WHERE c.sortorder NOT BETWEEN k.sortorder + 1 AND k.sortorder + 9999""",
    "modules that their section does not list": """
        SELECT cm.id FROM {course_modules} cm LEFT JOIN {course_sections} s ON s.id = cm.section AND s.course = cm.course
         WHERE s.id IS NULL OR NOT FIND_IN_SET(cm.id, s.sequence)""",
    "sections that list other modules": """
        SELECT s.id FROM {course_sections} s
         WHERE s.sequence <> ''
           AND LENGTH(s.sequence) - LENGTH(REPLACE(s.sequence, ',', '')) + 1 <> (SELECT COUNT(*) FROM {course_modules} cm WHERE cm.section = s.id)""",
    "question categories without context or parent": """
        SELECT q.id FROM {question_categories} q LEFT JOIN {context} c ON c.id = q.contextid
          LEFT JOIN {question_categories} p ON p.id = q.parent AND p.contextid = q.contextid
         WHERE c.id IS NULL OR q.parent <> 0 AND p.id IS NULL""",
    "events of no activity": """
        SELECT e.id FROM {event} e LEFT JOIN {modules} m ON m.name = e.modulename
          LEFT JOIN {course_modules} cm ON cm.module = m.id AND cm.instance = e.instance
         WHERE e.modulename <> '' AND cm.id IS NULL""",
    "enrolments and roles of no method": """
        SELECT u.id FROM {user_enrolments} u LEFT JOIN {enrol} e ON e.id = u.enrolid WHERE e.id IS NULL
         UNION ALL
        SELECT r.id FROM {role_assignments} r LEFT JOIN {enrol} e ON e.id = r.itemid WHERE r.component LIKE 'enrol\\_%' AND e.id IS NULL""",
    "members of no group": """
        SELECT m.id FROM {groups_members} m LEFT JOIN {groups} g ON g.id = m.groupid WHERE g.id IS NULL""",
    "grade items without category": """
        SELECT i.id FROM {grade_items} i LEFT JOIN {grade_categories} c ON c.courseid = i.courseid AND c.id = COALESCE(i.categoryid, i.iteminstance)
         WHERE c.id IS NULL""",
    "rows of files whose context is gone": """
        SELECT f.id FROM {files} f LEFT JOIN {context} c ON c.id = f.contextid WHERE c.id IS NULL""",
}


def to_repair(site: Site) -> dict[str, list[int]]:
    """What a repair of the site would find."""
    found = {what: sorted(id_ for (id_,) in site.rows(sql)) for what, sql in LOOKS.items()}
    return {what: ids for what, ids in found.items() if ids}
