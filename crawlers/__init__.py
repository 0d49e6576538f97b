"""The web instrument: from a URL to documents, politely, and hard to fool.

Speaks URLs and documents; knows nothing of alerts, rules or exams.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("examwatch")
except PackageNotFoundError:
    __version__ = "0"
