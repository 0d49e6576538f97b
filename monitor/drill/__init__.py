"""Drills: signals and posts of our own, through the whole system, and how soon they were found and judged."""
