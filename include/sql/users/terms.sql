{#
  Conditions on a line `r` and the account `u` that it is about (all NULL for a new one), the same in several steps.

  host        where the account is: this site, or the MNet host of the line
  makes       the line makes an account, or brings one back
  renames     it gives an account that is there another username
  new_email   it gives the account another address; what a line is found by it does not change
  people      whether the file has to do with courses, cohorts or roles: deletions have
#}
{% set key = option.user_id_field %}
{% set host = "COALESCE(r.mnethostid, @local_host)" if given("mnethostid") else "@local_host" %}
{% set makes = "(r.userid IS NULL OR r.restored = 1)" %}
{% set other_name = "r.renamed = 1" if key == "username" else "u.username <> r.username" %}
{% set renames = "(r.username <> '' AND r.userid IS NOT NULL AND r.restored IS NULL AND " ~ other_name ~ ")" %}
{% set found_by_email = " AND r.renamed = 1" if key == "email" else "" %}
{% set other_email = "FALSE" if option.protect_emails else "u.email <> r.email COLLATE utf8mb4_bin" ~ found_by_email %}
{% set new_email = "(r.email <> '' AND (" ~ makes ~ " OR u.email = '' OR " ~ other_email ~ "))" %}
{% set people = given("deleted") or given("cohort") or given_any("cohort#") or given_any("course#") or given_any("sysrole#") %}
