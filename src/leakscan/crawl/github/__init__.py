"""Calls to the API of GitHub, under one governor."""
