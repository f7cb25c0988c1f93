"""User pictures: images read from a ZIP archive, checked, scaled, and stored as files of the site."""
