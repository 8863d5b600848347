"""One look at a push, over git's own protocol or through the API."""
