"""Encodings in which a token may be written: one file each."""
