-- Count the rows of each course that go, for its plan. `parts`: as for collect.sql.
{% set graph = parts if parts is defined else course_graph().deletable %}
CREATE TEMPORARY TABLE toolsync_rows (courseid BIGINT NOT NULL, counted BIGINT NOT NULL, KEY (courseid));
{% for node in graph.root_to_leaf %}

-- when: {{ node.part }}
INSERT INTO toolsync_rows (courseid, counted) SELECT p.courseid, COUNT(*) FROM {{ node.part }} p GROUP BY p.courseid;
{% endfor %}

UPDATE toolsync_plan t
  JOIN (SELECT w.courseid, SUM(w.counted) AS counted FROM toolsync_rows w GROUP BY w.courseid) w ON w.courseid = t.courseid
   SET t.rows_gone = w.counted;
