"""A trained locale as bytes: a NumPy archive without pickles."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.conversation.understanding.intent_classifier import Head
from services.conversation.understanding.ngrams import Ngrams
from shared import errors

FORMAT = 1


@dataclass(frozen=True, slots=True)
class TrainedLocale:
    """``intents``: names in the order of the head's classes. ``samples``: compared utterance -> intent, where only one
    has it. ``fields``: intent -> its slot tagger's field. ``encoder``: id of the encoder that was fine-tuned, or "".
    """

    intents: tuple[str, ...]
    head: Head
    ngrams: Ngrams
    threshold: float
    samples: Mapping[str, str]
    fields: Mapping[str, bytes]
    encoder: str = ""

    def to_bytes(self, encoder_weights: bytes = b"") -> bytes:
        """The file; ``encoder_weights`` are kept in it and not loaded with the rest, see ``encoder_weights_of``."""
        keys = sorted(self.ngrams.rarity)
        about = {
            "format": FORMAT,
            "intents": self.intents,
            "threshold": self.threshold,
            "samples": dict(self.samples),
            "encoder": self.encoder,
        }
        arrays: dict[str, Any] = {
            "about": np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8),
            "weights": self.head.weights.astype(np.float16),
            "bias": self.head.bias,
            "ngrams": np.array(keys, np.uint32),
            "rarity": np.array([self.ngrams.rarity[k] for k in keys], np.float32),
            "encoder": np.frombuffer(encoder_weights, np.uint8),
        }
        for intent, field in self.fields.items():
            arrays[f"field{self.intents.index(intent)}"] = np.frombuffer(field, np.uint8)
        target = io.BytesIO()
        np.savez(target, **arrays)
        return target.getvalue()

    @classmethod
    def from_bytes(cls, model: bytes) -> TrainedLocale:
        """Raises FailedPrecondition for a model that another version wrote: the locale has to be built again."""
        with np.load(io.BytesIO(model), allow_pickle=False) as archive:
            about = json.loads(archive["about"].tobytes())
            if about["format"] != FORMAT:
                raise errors.FailedPrecondition("the bot locale was built by another version: build it again")
            intents = tuple(about["intents"])
            rarity = dict(zip(archive["ngrams"].tolist(), archive["rarity"].tolist(), strict=True))
            return cls(
                intents=intents,
                head=Head(archive["weights"].astype(np.float32), archive["bias"]),
                ngrams=Ngrams(rarity),
                threshold=float(about["threshold"]),
                samples=about["samples"],
                fields={
                    name: archive[f"field{i}"].tobytes() for i, name in enumerate(intents) if f"field{i}" in archive
                },
                encoder=about.get("encoder", ""),  # builds of former versions have none
            )


def encoder_weights_of(model: bytes) -> bytes:
    """What the build has learnt of its encoder."""
    with np.load(io.BytesIO(model), allow_pickle=False) as archive:
        weights: bytes = archive["encoder"].tobytes()
        return weights
