"""What to look at next: feeds of events, watch lists, code search, archives."""
