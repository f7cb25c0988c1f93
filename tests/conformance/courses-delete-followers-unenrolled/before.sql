UPDATE {config_plugins} SET value = '0' WHERE plugin = 'enrol_meta' AND name = 'unenrolaction';
