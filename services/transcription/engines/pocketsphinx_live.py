"""Live decoding: words while somebody speaks. Used inside the decoder's process only.

The library decodes live sound with a running cepstral mean, which is wrong while a session is young and costs more
words than anything else. So the mean is taken of the utterance so far, a few times while it grows, and where it has
moved the utterance is decoded again from its start.
"""

from __future__ import annotations

import math

from services.transcription.engines.pocketsphinx_decoder import Mean, SphinxDecoder, written_mean
from services.transcription.tasks import Reading, Readings

_BYTES_A_SECOND = 2 * 16_000
#: Seconds of an utterance after which its mean is looked at; and at its end, if it is not longer than the last.
_LOOK_AT = (0.6, 1.5, 3.0)
_LOOK_AT_END = 3.0
#: The mean has moved when it lies farther than this from the one in use (Euclidean distance of cepstra).
_FAR = 8.0
#: What was heard before counts like this many seconds of the utterance.
_PRIOR_SECONDS = 2.0


class LiveDecoding:
    """One live session: an utterance after the other."""

    def __init__(self, decoder: SphinxDecoder) -> None:
        self._decoder = decoder
        # The decoder may have served another session.
        decoder.library.reinit_feat()
        self._heard = bytearray()
        self._looks = list(_LOOK_AT)
        self._open = False
        #: The mean that is decoded with, and the session's up to the utterance before; None: not known yet.
        self._mean: Mean | None = None
        self._session_mean: Mean | None = None

    def hear(self, samples: bytes, ends: bool, most: int) -> Readings:
        """The utterance so far; its readings when it ends, and then the next one begins."""
        if samples and not self._open:
            self._start()
        self._heard += samples
        seconds = len(self._heard) / _BYTES_A_SECOND
        looked = False
        if self._looks and seconds >= self._looks[0]:
            self._looks = [when for when in self._looks if when > seconds]
            looked = self._look(seconds)
        if samples and not looked:
            self._decoder.library.process_raw(samples)
        if ends:
            return self._end(seconds, most)
        words = self._decoder.partial() if self._open else ()
        return (Reading(words),) if words else ()

    def _start(self) -> None:
        if self._mean is not None:
            self._decoder.library.set_cmn(written_mean(self._mean))
        self._decoder.library.start_utt()
        self._open = True

    def _end(self, seconds: float, most: int) -> Readings:
        if not self._open:
            return ()
        if seconds <= _LOOK_AT_END:
            self._look(seconds)
        self._decoder.library.end_utt()
        self._mean = self._session_mean = self._measure(seconds)
        self._heard.clear()
        self._looks = list(_LOOK_AT)
        self._open = False
        return self._decoder.readings(most)

    def _look(self, seconds: float) -> bool:
        """Decode all of the utterance again if the mean has moved; whether it had."""
        mean = self._measure(seconds)
        if self._mean is not None and math.dist(mean, self._mean) < _FAR:
            return False
        self._mean = mean
        library = self._decoder.library
        library.end_utt()
        self._start()
        library.process_raw(bytes(self._heard))
        return True

    def _measure(self, seconds: float) -> Mean:
        """The mean of the utterance so far, and of what was heard before it."""
        mean = self._decoder.mean(bytes(self._heard))
        if self._session_mean is None:
            return mean
        share = seconds / (seconds + _PRIOR_SECONDS)
        return tuple(share * new + (1 - share) * old for new, old in zip(mean, self._session_mean, strict=True))
