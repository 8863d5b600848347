"""The ledger: what was scanned, found, and done about it, so that nothing is lost or done twice."""
