"""Which channels were heard how often in this session. Bounded; pure but for what it remembers."""

from __future__ import annotations

from collections import OrderedDict

MAX_CHANNELS = 20_000
"""A 1.7 GHz sweep has 136,000 raster channels; a site where more than this were active is all noise."""


class ChannelCounts:
    """Counts emissions by place and channel; a new session starts anew.

    The channel heard longest ago is forgotten first, and counted in ``n_forgotten``.
    """

    def __init__(self, capacity: int = MAX_CHANNELS) -> None:
        self._capacity = capacity
        self._seen: OrderedDict[tuple[str, str], _Count] = OrderedDict()
        self.n_forgotten = 0

    def earlier(self, place: str, channel: str, session: str, emission_id: str) -> int:
        """Emissions heard on `channel` in `session` before `emission_id`, which counts from now on.

        News of the emission heard last on the channel does not count it again.
        """
        key = (place, channel)
        count = self._seen.get(key)
        if count is None or count.session != session:
            count = self._seen[key] = _Count(session)
        self._seen.move_to_end(key)
        if emission_id != count.newest_id:
            count.n += 1
            count.newest_id = emission_id
        if len(self._seen) > self._capacity:
            self._seen.popitem(last=False)
            self.n_forgotten += 1
        return count.n - 1


class _Count:
    __slots__ = ("n", "newest_id", "session")

    def __init__(self, session: str) -> None:
        self.session = session
        self.n = 0
        self.newest_id = ""
