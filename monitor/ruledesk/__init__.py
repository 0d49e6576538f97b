"""The rules in force while the daemon runs: read, tested, swapped, tried at some venues, rolled back."""
