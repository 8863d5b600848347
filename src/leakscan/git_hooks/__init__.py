"""Puts the git hooks of the guard into a repository, and takes them out again."""
