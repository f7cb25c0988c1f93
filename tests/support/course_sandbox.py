"""A sandbox for files that change courses, and what must hold of the courses and categories of any site."""

from __future__ import annotations

from tests.support.sandbox import Sandbox


class CourseSandbox(Sandbox):
    """A bench that names contexts by their course, because the ids of new ones vary."""

    def told(self) -> list[tuple[str, str]]:
        return self.session.rows(
            "SELECT f.flagtype, COALESCE(c.shortname, f.name) FROM {cache_flags} f "
            "LEFT JOIN {context} x ON f.flagtype = 'accesslib/dirtycontexts' AND x.id = SUBSTRING_INDEX(f.name, '/', -1) "
            "LEFT JOIN {course} c ON x.contextlevel = 50 AND c.id = x.instanceid ORDER BY 1, 2"
        )

    def disorder(self) -> list[str]:
        """Everything that Moodle's repair functions would find, and more."""
        return [what for what, query in DISORDER.items() if self.session.rows(query)]


DISORDER = {
    "categories whose path or depth does not follow from their parent": """
        SELECT c.id FROM {course_categories} c LEFT JOIN {course_categories} p ON p.id = c.parent
         WHERE c.path <> CONCAT(COALESCE(p.path, ''), '/', c.id) OR c.depth <> COALESCE(p.depth, 0) + 1 OR c.parent <> 0 AND p.id IS NULL""",
    "categories not numbered from the top down": """
        SELECT c.id FROM {course_categories} c JOIN {course_categories} p ON p.id = c.parent WHERE c.sortorder <= p.sortorder UNION ALL
        SELECT w.id FROM (SELECT id, sortorder, ROW_NUMBER() OVER (ORDER BY sortorder) AS n FROM {course_categories}) w WHERE w.sortorder <> 10000 * w.n""",
    "a category between another and its own": """
        SELECT a.id FROM {course_categories} a JOIN {course_categories} inner_one ON inner_one.path LIKE CONCAT(a.path, '/%')
          JOIN {course_categories} b ON b.sortorder BETWEEN a.sortorder + 1 AND inner_one.sortorder WHERE b.path NOT LIKE CONCAT(a.path, '/%')""",
    "wrong counts of courses": """
        SELECT k.id FROM {course_categories} k LEFT JOIN {course} c ON c.category = k.id GROUP BY k.id, k.coursecount HAVING k.coursecount <> COUNT(c.id)""",
    "courses not numbered from 1 on in their category": """
        SELECT w.id FROM (SELECT c.id, c.sortorder, k.sortorder + ROW_NUMBER() OVER (PARTITION BY k.id ORDER BY c.sortorder, c.id) AS n
                            FROM {course} c JOIN {course_categories} k ON k.id = c.category) w WHERE w.sortorder <> w.n""",
    "contexts of courses and categories that are missing or wrong": """
        SELECT c.id FROM {course} c LEFT JOIN {context} x ON x.contextlevel = 50 AND x.instanceid = c.id
          LEFT JOIN {context} k ON k.contextlevel = 40 AND k.instanceid = c.category
         WHERE c.category <> 0 AND NOT (x.path <=> CONCAT(k.path, '/', x.id) AND x.depth = k.depth + 1) UNION ALL
        SELECT c.id FROM {course_categories} c LEFT JOIN {context} x ON x.contextlevel = 40 AND x.instanceid = c.id
          LEFT JOIN {context} k ON IF(c.parent = 0, k.contextlevel = 10, k.contextlevel = 40 AND k.instanceid = c.parent)
         WHERE NOT (x.path <=> CONCAT(k.path, '/', x.id) AND x.depth = k.depth + 1)""",
    "contexts whose path does not lead to them": """
        SELECT c.id FROM {context} c LEFT JOIN {context} p ON p.path = LEFT(c.path, CHAR_LENGTH(c.path) - CHAR_LENGTH(c.id) - 1)
         WHERE NOT c.path <=> CONCAT(COALESCE(p.path, ''), '/', c.id) OR c.depth <> COALESCE(p.depth, 0) + 1""",
    "activities that no section lists, or another lists": """
        SELECT cm.id FROM {course_modules} cm LEFT JOIN {course_sections} s ON s.id = cm.section AND s.course = cm.course AND FIND_IN_SET(cm.id, s.sequence)
         WHERE s.id IS NULL""",
    "sections with a gap": """
        SELECT MIN(id) FROM {course_sections} GROUP BY course HAVING MAX(section) <> COUNT(*) - 1""",
    "courses without a section 0, or without format options": """
        SELECT c.id FROM {course} c LEFT JOIN {course_sections} s ON s.course = c.id AND s.section = 0
          LEFT JOIN {course_format_options} o ON o.courseid = c.id AND o.format = c.format AND o.sectionid = 0
         WHERE c.category <> 0 AND (s.id IS NULL OR o.id IS NULL)""",
    "options of a format that the course does not have": """
        SELECT o.id FROM {course_format_options} o JOIN {course} c ON c.id = o.courseid WHERE o.format <> c.format""",
    "short names and idnumbers twice": """
        SELECT MIN(id) FROM {course} GROUP BY shortname HAVING COUNT(*) > 1 UNION ALL
        SELECT MIN(id) FROM {course} WHERE idnumber <> '' GROUP BY idnumber HAVING COUNT(*) > 1""",
    "enrolment methods in the same place": "SELECT MIN(id) FROM {enrol} GROUP BY courseid, sortorder HAVING COUNT(*) > 1",
}
