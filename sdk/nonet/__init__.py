"""Nonet: AI services on your own hardware.

    from nonet import Nonet

    with Nonet() as client:
        print(client.language.detect_sentiment(text="I like it", language_code="en").sentiment)

Errors are the classes of ``nonet.errors``. ``AsyncNonet`` is the same on an event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nonet.client import AsyncNonet, Nonet

__all__ = ["AsyncNonet", "Nonet"]


def __getattr__(name: str) -> Any:
    # The server imports nonet.<service>.v1 for its messages, and must not pay for the client.
    if name in __all__:
        import nonet.client

        return getattr(nonet.client, name)
    raise AttributeError(f"module 'nonet' has no attribute {name!r}")
