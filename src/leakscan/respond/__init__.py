"""Answer leaks: have tokens disabled, tell their owners, and alert the team."""
