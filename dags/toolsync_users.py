"""Accounts from a file: create, update, rename, suspend, restore, delete.

Drop a CSV file into the cabinet's `users/inbox`, or paste its rows when you trigger this DAG. Each line is about one account, found by its
`username` (or as Param `user_id_field` says). Lines that can't be done come back in `users/tryback`, the file goes to `users/archive`, and
`users/report` says what became of every line.

## What a line does

| line | does |
|---|---|
| the account does not exist | creates it: `username`, `firstname`, `lastname` and `email` are needed. Columns that are absent take the site's defaults |
| it exists | changes the columns of the file, no others; when nothing differs: `unchanged` |
| `deleted` is yes | deletes the account as Moodle does: enrolments, groups, cohorts, preferences go; posts and submissions stay |
| an account of that username was deleted | brings it back, with the line's values (Param `restore_deleted`) |
| `suspended` is yes / no | suspends, and ends the person's sessions / reactivates |
| `oldusername` is given | renames that account first (Param `allow_rename`) |
| `password` is given | stores its hash. `*NOPASS*`: nobody can log in with a password. Empty or absent on creation: Moodle makes one and mails it (Param `create_passwords`) |

An absent column leaves what is stored alone. An empty cell clears it where Moodle allows that (idnumber, department, description …), and is no value for
names, dates and passwords. Administrators and the guest are never deleted, suspended or renamed.

A person's cohorts (`cohort1`), courses (`course1 role1 group1 enrol1 start1 end1`, and so on with 2, 3 …) and site roles (`sysrole1`) may stand on the same line. When only such a part
fails, the rest of the line stands; the line comes back, and running it again changes nothing of what was done.

## Example

    username,firstname,lastname,email,cohort1,course1,role1
    ada,Ada,Lovelace,ada@example.org,COH1,C101,student
    grace,Grace,Hopper,grace@example.org,,C101,editingteacher
"""

from airflow.sdk import DAG

from toolsync.pipeline import choice, command_file_dag, courses_found_by, option

PEOPLE, PARTS = "Accounts", "Courses and cohorts"

dag: DAG = command_file_dag(
    "users",
    doc=__doc__,
    changes="moodle_accounts",
    tags=["accounts"],
    params={
        "user_id_field": choice(
            "username",
            ["username", "idnumber", "email", "id"],
            "Accounts are found by",
            "The column that says which account a line is about.",
            section=PEOPLE,
        ),
        "allow_missing_email": option(
            False, "Allow accounts without email", "Otherwise an email is needed to create an account.", section=PEOPLE
        ),
        "restore_deleted": option(
            True,
            "Restore deleted accounts",
            "A line that names a deleted account brings it back; otherwise it makes a new one.",
            section=PEOPLE,
        ),
        "allow_rename": option(
            False,
            "Allow renaming",
            "Let the column `oldusername` rename accounts; otherwise lines that have it fail.",
            section=PEOPLE,
        ),
        "protect_emails": option(
            False,
            "Protect emails",
            "Never change the email of an existing account; only fill an empty one.",
            section=PEOPLE,
        ),
        "create_passwords": option(
            True,
            "Let Moodle make passwords",
            "For new accounts without one: Moodle's cron makes a password and mails it.",
            section=PEOPLE,
        ),
        "force_password_change": option(
            False,
            "Force a password change",
            "Whoever gets a password from the file must change it at the next login.",
            section=PEOPLE,
        ),
        "course_id_field": courses_found_by(
            "What the columns `course1`, `course2` … hold.",
            section=PARTS,
        ),
    },
)
