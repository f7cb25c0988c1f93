"""Accounts from a file: create, update, rename, suspend, restore, delete.

Drop a CSV file into the cabinet's `users/inbox`, or paste its rows when you trigger this DAG. Each line is about one account, found by its
`username` (or as Param `user_id_field` says). Lines that fail come back in `users/tryback`, the file moves to `users/archive`, and
`users/report` says what became of every line.

## What a line does

| line | effect |
|---|---|
| the account does not exist | it is created. `username`, `firstname`, `lastname` and `email` are required; absent columns take the site's defaults |
| the account exists | the columns of the file are updated, no others. If nothing differs: `unchanged` |
| `deleted` is yes | the account is deleted as Moodle does it: enrolments, groups, cohorts, preferences and private files go; posts and submissions stay, and aliases of these files become copies |
| an account with that username was deleted before | it is restored, with the values of the line (Param `restore_deleted`) |
| `suspended` is yes / no | the account is suspended, which ends its sessions / reactivated |
| `oldusername` is given | that account is renamed first (Param `allow_rename`) |
| `auth` moves to a method that keeps passwords elsewhere (`ldap`, `oauth2` …) | without a password in the line, the account has none here any more, and none is generated, mailed or to be changed |
| `password` is given | its hash is stored. `*NOPASS*`: nobody can log in with a password. Empty or absent for a new account: Moodle generates a password and mails it (Param `create_passwords`) |

An absent column leaves the stored value alone. An empty cell clears the value where Moodle allows that (idnumber, department, description
…); for names, dates and passwords it counts as not given. The guest account is never deleted, suspended or renamed.

Administrators of the site (Moodle's setting `siteadmins`) are never deleted, suspended or renamed. Nor does a line change or restore their
account otherwise, unless Param `protect_administrators` is off: it fails, and nothing of it is done. A line that changes nothing of the account
is `unchanged`, and its cohorts, courses and site roles are done as for anybody: they give an administrator no rights and take none.

A line may also hold the person's cohorts (`cohort1`), courses (`course1 role1 group1 enrol1 start1 end1`, and so on with 2, 3 …), site
roles (`sysrole1`) and roles in categories (`category1 categoryrole1`). If only such a part fails, the rest of the line is done all the same.
The line comes back, and running it again changes nothing that was already done. Cohorts and groups that it makes are named in the report.

## Which account is meant

The one whose `username` (or other key) is written exactly so; in usernames and emails, letter case does not count. Databases of Moodle take é
for e and overlook characters that nobody sees, but a line never changes an account that only looks like its own: `ü001` is not `u001`. It does
not create an account of that username either, which Moodle could not tell from the other: it fails, and names it. Idnumbers may look alike,
so `Ü1` beside `U1` is another account. A line whose key is empty fails, whatever else it says.

Files for Moodle's own upload of users work as they are; docs/moodle-uploads.md says what differs.

## Nightly exports

With Param `data_set`, a name, the file is compared with the last one that was applied under that name, and only lines about what changed run.
Param `verify` applies the whole file all the same now and then, and `least_lines` rejects an export that was cut off (docs/data-sets.md).

## A file that states the whole truth

With Param `mode` = `full`, the file states the whole truth about the accounts with the authentication method of Param `scope_auth` (if given, only
those with a value in a profile field, or in a cohort): those that it does not name are suspended, or what Param `missing` says. Administrators and
the guest never are. The run first
plans what would go; above the limits (`change_threshold`, `change_limit`), or if the file looks damaged, it waits until a person approves it. See
docs/whole-truth.md.

## Example

```csv
username,firstname,lastname,email,cohort1,course1,role1
ada,Ada,Lovelace,ada@example.org,COH1,C101,student
grace,Grace,Hopper,grace@example.org,,C101,editingteacher
```
"""

from airflow.sdk import DAG

from toolsync.feed_params import data_set_params, whole_truth_params
from toolsync.operators.whole_truth import WHOLE_TRUTH
from toolsync.pipeline import choice, command_file_dags, courses_found_by, option

PEOPLE, PARTS = "Accounts", "Courses and cohorts"

dags: list[DAG] = command_file_dags(
    "users",
    title="Accounts",
    doc=__doc__,
    changes="moodle_accounts",
    tags=["accounts"],
    steps=WHOLE_TRUTH,
    destructive=True,
    params={
        "user_id_field": choice(
            "username",
            ["username", "idnumber", "email", "id"],
            "Find accounts by",
            "The column that says which account a line is about.",
            section=PEOPLE,
        ),
        "allow_missing_email": option(
            False,
            "Allow accounts without email",
            "Otherwise an email is required to create an account.",
            section=PEOPLE,
        ),
        "restore_deleted": option(
            True,
            "Restore deleted accounts",
            "A line that names a deleted account restores it. Otherwise it creates a new one.",
            section=PEOPLE,
        ),
        "allow_rename": option(
            False,
            "Allow renaming",
            "Let column `oldusername` rename accounts. Otherwise lines that have a value there fail.",
            section=PEOPLE,
        ),
        "protect_emails": option(
            False,
            "Protect emails",
            "Never change the email of an existing account; only fill in a missing one.",
            section=PEOPLE,
        ),
        "protect_administrators": option(
            True,
            "Protect administrators",
            "A line that would change the account of an administrator of the site fails. Otherwise whoever writes files can give an administrator another email and password.",
            section=PEOPLE,
        ),
        "create_passwords": option(
            True,
            "Let Moodle generate passwords",
            "For new accounts without a password: Moodle's cron generates one and mails it.",
            section=PEOPLE,
        ),
        "force_password_change": option(
            False,
            "Force a password change",
            "People who get a password from the file must change it at their next login.",
            section=PEOPLE,
        ),
        "course_id_field": courses_found_by(
            "What columns `course1`, `course2` … contain.",
            section=PARTS,
        ),
        **data_set_params(),
        **whole_truth_params("users"),
    },
)
