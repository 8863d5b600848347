"""The whole loop on this machine alone: issue, leak, find, disable, tell."""
