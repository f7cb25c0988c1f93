"""User pictures: images are taken out of an archive, checked, drawn, and become files of the site."""
