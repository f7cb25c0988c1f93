"""The rows of a course: how they belong together, and how they are copied, reset, deleted and put back."""
