"""What to look at next on a hosting site: feeds of events, watch lists, search, archives."""
