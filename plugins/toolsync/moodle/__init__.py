"""The site: its database, its files, its caches, and what Moodle does in PHP that we have to do alike."""
