"""Measurements. They print figures and judge nothing; no test depends on them."""
