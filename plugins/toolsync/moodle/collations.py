"""The collations of a site's text columns: the one to work with, and where others are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAMED = 5  # tables in a message
# A column that is compared byte by byte (`utf8mb4_bin`) is meant to be: beside it, every other collation gives way.
OF_TEXTS = (
    "FROM information_schema.columns WHERE table_schema = DATABASE() AND LEFT(table_name, CHAR_LENGTH(%s)) = %s "
    "AND collation_name IS NOT NULL AND collation_name NOT LIKE '%%\\_bin'"
)
# The tables in which nearly every file looks something up: of a site that is half converted, they say which half to work with.
SEARCHED = [
    "user",
    "course",
    "course_categories",
    "cohort",
    "groups",
    "groupings",
    "role",
    "enrol",
    "tag",
    "user_info_field",
    "customfield_field",
]
COUNTED = (
    "SELECT collation_name, COUNT(DISTINCT CASE WHEN table_name IN %s THEN table_name END), COUNT(*) "
    f"{OF_TEXTS} GROUP BY collation_name ORDER BY 2 DESC, 3 DESC, 1"
)
OTHERS = f"SELECT table_name, column_name, collation_name {OF_TEXTS} AND collation_name <> %s ORDER BY table_name"


@dataclass(frozen=True)
class Collations:
    """The collations of a site.

    :param usual: the one that most of the tables have in which files look things up.
    :param others: the columns that have another one, with it, by table.
    """

    usual: str = ""
    others: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Callable[..., Sequence[Sequence[Any]]], prefix: str) -> Collations:
        """Look them up.

        :param rows: runs a SELECT on the site's database.
        :param prefix: of its tables.
        """
        found = rows(COUNTED, ([prefix + table for table in SEARCHED], prefix, prefix))
        if not found:
            return cls()
        usual = found[0][0]
        others: dict[str, dict[str, str]] = {}
        if len(found) > 1:
            for table, column, collation in rows(OTHERS, (prefix, prefix, usual)):
                others.setdefault(table, {})[column] = collation
        return cls(usual, others)

    def told(self, tables: Collection[str] | None = None) -> str:
        """The sentences on tables with another collation, with what to do.

        :param tables: those that matter; None: all of them.
        """
        names = sorted(self.others if tables is None else self.others.keys() & set(tables))
        kinds = sorted({collation for name in names for collation in self.others[name].values()})
        listed = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        many = "1 table has" if len(names) == 1 else f"{len(names)} tables have"
        return (
            f"Tables of the site have different collations, so that the database can't compare their texts. Most that matter have {self.usual}; "
            f"{many} {' or '.join(kinds)}: {listed}. Convert them on the site with Moodle's own "
            f"`php admin/cli/mysql_collation.php --collation={self.usual}`, after a backup and in maintenance mode."
        )
