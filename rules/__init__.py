"""The rules: which event deserves a person's attention, and why.

Speaks fields and matches; an event is a flat mapping of names to values,
wherever it came from.
"""
