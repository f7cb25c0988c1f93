{# Columns of the file that {user} has under the same name, by what an empty cell does to an existing account. #}
{% set kept_when_empty = ["firstname", "lastname", "auth", "lang", "timezone"] %}
{% set cleared = ["institution", "department", "address", "city", "country", "phone1", "phone2", "theme"] %}
{% set cleared_or_null = ["description", "middlename", "alternatename", "firstnamephonetic", "lastnamephonetic"] %}
{% set numbers = ["suspended", "mailformat", "maildisplay", "maildigest", "autosubscribe", "trackforums", "emailstop", "descriptionformat"] %}
{# All columns that a line may change in an existing account. #}
{% set stored = ["username", "email", "idnumber", "password"] + kept_when_empty + cleared + cleared_or_null + numbers %}
