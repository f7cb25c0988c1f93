"""Whether a site can be worked with: what is checked, what was found, and what to do."""
