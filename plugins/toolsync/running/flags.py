"""The flags in `cache_flags` by which Moodle's sessions know that rights have changed (`include/sql/shared/flags`)."""

from __future__ import annotations

from toolsync.reporting.outcomes import Outcomes
from toolsync.running.sql_folder import Occasion, SqlFolder

FOLDER = "shared/flags"
FLAG_TABLE = "toolsync_flag"
WORK_TABLES = (FLAG_TABLE,)
DEFINITION = "flagtype VARCHAR(50) NOT NULL, name VARCHAR(255) NOT NULL, PRIMARY KEY (flagtype, name)"
USERS, CONTEXTS = "accesslib/dirtyusers", "accesslib/dirtycontexts"


class Flags:
    """Writes the flags of one batch after the other.

    :param folder: the SQL of any type, on the session of the run.
    """

    def __init__(self, folder: SqlFolder) -> None:
        self.folder = folder.beside(FOLDER, Occasion(), WORK_TABLES)
        self._tables = folder.state.tables

    def stage(self, outcomes: Outcomes) -> None:
        """Stage the flags that the outcomes of a batch ask for."""
        self._tables.create_staging(FLAG_TABLE, DEFINITION)
        flags = [(USERS, str(user)) for user in sorted(outcomes.dirty_users)]
        flags += [(CONTEXTS, path) for path in sorted(outcomes.dirty_contexts)]
        self._tables.load(FLAG_TABLE, ("flagtype", "name"), flags)

    def write(self, outcomes: Outcomes) -> None:
        """Write them, as late as possible: each role that Moodle gives somebody meanwhile waits for that person's flag."""
        if outcomes.dirty_users or outcomes.dirty_contexts:
            self.stage(outcomes)
            self.folder.run(self.folder.work)
            self.folder.clean_up()
            self._tables.clear(WORK_TABLES)
