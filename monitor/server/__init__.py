"""The HTTP face of the conductor: the API, the live stream, and the built console."""
