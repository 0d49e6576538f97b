"""The radio instrument: from a receiver's bytes to described emissions.

Speaks hertz, samples and decibels; knows nothing of alerts, venues or people.
"""
