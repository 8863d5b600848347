"""A small real token issuer: the embedded default behind the disable hook."""
