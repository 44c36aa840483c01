"""The linear congruential generator of java.util.Random: what a seed gives is specified there, for every version."""

from __future__ import annotations

_MULTIPLIER, _INCREMENT, _MASK = 0x5DEECE66D, 0xB, (1 << 48) - 1


class JavaRandom:
    """A generator with a seed. The sequence is that of the documentation of java.util.Random (Knuth 1997, 3.2.1)."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ _MULTIPLIER) & _MASK

    def _next(self, bits: int) -> int:
        self._state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return self._state >> (48 - bits)

    def next_double(self) -> float:
        """0 <= n < 1, with 53 bits."""
        return ((self._next(26) << 27) + self._next(27)) / (1 << 53)

    def next_below(self, bound: int) -> int:
        """0 <= n < ``bound``, for a bound from 1 to 2**31 - 1: nextInt(bound)."""
        if bound & (bound - 1) == 0:
            return (bound * self._next(31)) >> 31
        while True:
            bits = self._next(31)
            value = bits % bound
            if bits - value + (bound - 1) < 1 << 31:
                return value
