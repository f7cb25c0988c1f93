UPDATE {config_plugins} SET value = '2' WHERE plugin = 'enrol_meta' AND name = 'unenrolaction';
