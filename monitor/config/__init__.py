"""The configuration: what a person writes, and what the program reads out of it."""

from __future__ import annotations

from monitor.config.load import Setup, load_config, load_setup
from monitor.config.model import Config, Sensor

__all__ = ["Config", "Sensor", "Setup", "load_config", "load_setup"]
