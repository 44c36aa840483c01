"""Nonet: AI services on your own hardware. ``from nonet import Nonet`` is the client."""
