"""The Moodle site: its database, its file pool, its caches, and the PHP logic that has to be reproduced exactly."""
