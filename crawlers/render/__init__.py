"""Pages that need a browser: Debian's chromium behind a gate of our own."""
