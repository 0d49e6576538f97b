"""Telling people: which alerts go to whom, how many in one message, and that each is told once."""
