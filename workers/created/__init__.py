"""Objects that workers create in clusters and take away again: recorded before, created by POST, deleted by uid."""
