"""What keeps a token from being reported: comments, the baseline, allowlists."""
