-- Aliases of files that go become files of their own.
{% from "courses_reset/terms.sql" import gone, possible, resets with context %}
{% from "shared/course/undo.sql" import begin with context %}
{% if "files" in gone %}
{% with going="toolsync_gone_files" %}{% include "shared/aliases.sql" %}{% endwith %}

-- For the undo bundles.
{{ begin(["files_reference"]) }}
CREATE TEMPORARY TABLE toolsync_reference_before (id BIGINT NOT NULL PRIMARY KEY, courseid BIGINT NOT NULL);

INSERT IGNORE INTO toolsync_reference_before (id, courseid)
SELECT u.referenceid, g.courseid FROM toolsync_unlinked u JOIN toolsync_gone_files g ON g.id = u.source ORDER BY u.id;

INSERT INTO toolsync_before_files_reference
SELECT k.courseid, t.* FROM toolsync_reference_before k JOIN {files_reference} t ON t.id = k.id;

{% set kept = namespace(already=false) %}
{% for options, tables in resets.also_changed().items() if "files" in tables and options | select("in", possible) | list %}{% set kept.already = true %}{% endfor %}
INSERT INTO toolsync_before_files
SELECT g.courseid, t.*
  FROM toolsync_unlinked u
  JOIN toolsync_gone_files g ON g.id = u.source
  JOIN {files} t ON t.id = u.id
{%- if kept.already %}

  LEFT JOIN toolsync_keep_files k ON k.id = u.id
{%- endif %}

 WHERE u.goes = 0{{ " AND k.id IS NULL" if kept.already }};

{% include "shared/unlink.sql" %}
{% endif %}
