{#
  Conditions on a line `r` and its account `u` (all NULL for a new one), shared by several files.

  host          the account's MNet host: this site, or the host of the line
  makes         the line creates or restores an account
  renames       it gives an existing account another username
  new_email     it gives the account another email address; never if the account was found by it
  new_idnumber  it gives the account another idnumber; never if the account was found by it
  unlike_email  it names another email address than the account has; never if the account was found by it
  outside       the line names a method of authentication that is known to keep its passwords elsewhere
  no_password   the line gives no password
  passwords     whether the file may change passwords: a method elsewhere takes them away
  people        whether the file concerns courses, cohorts or roles; deletions do
#}
{% import "shared/identify.sql" as named with context %}
{% set key = option.user_id_field %}
{% set host = "COALESCE(r.mnethostid, @local_host)" if given("mnethostid") else "@local_host" %}
{% set makes = "(r.userid IS NULL OR r.restored = 1)" %}
{% set other_name = "r.renamed = 1" if key == "username" else "NOT " ~ named.same("u.username", "r.username") %}
{% set renames = "(r.username <> '' AND r.userid IS NOT NULL AND r.restored IS NULL AND " ~ other_name ~ ")" %}
{% set found_by_email = " AND r.renamed = 1" if key == "email" else "" %}
{% set unlike_email = "u.email <> r.email COLLATE utf8mb4_bin" ~ found_by_email %}
{% set other_email = "FALSE" if option.protect_emails else unlike_email %}
{% set new_email = "(r.email <> '' AND (" ~ makes ~ " OR u.email = '' OR " ~ other_email ~ "))" %}
{% set found_by_idnumber = " AND r.idnumber <> '' AND (r.restored = 1 OR r.renamed = 1)" if key == "idnumber" else "" %}
{% set new_idnumber = "u.idnumber <> r.idnumber COLLATE utf8mb4_bin" ~ found_by_idnumber %}
{% set outside = "FIND_IN_SET(r.auth, @outside_auths)" %}
{% set no_password = "COALESCE(r.password, '') IN ('', '*NOPASS*')" if given("password") else "TRUE" %}
{% set passwords = given("password") or given("auth") %}
{% set people = given("deleted") or given("cohort") or given_any("cohort#") or given_any("course#") or given_any("sysrole#") or given_any("category#") %}
