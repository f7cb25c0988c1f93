id TEXT NULL,
username TEXT NULL,
oldusername TEXT NULL,
idnumber TEXT NULL,
email TEXT NULL,
mnethostid TEXT NULL,
deleted TEXT NULL
