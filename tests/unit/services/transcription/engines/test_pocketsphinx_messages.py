"""What goes over the pipe to a decoder and back."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcription.engines.pocketsphinx_lattice import competitors, read_links
from services.transcription.engines.pocketsphinx_messages import (
    answer_of,
    pack,
    readings_of,
    unpack,
    vocabulary_of,
    vocabulary_rows,
    whole_numbers,
)
from services.transcription.recognition import Phrase
from services.transcription.tasks import Reading, Word

WORDS = st.builds(Word, st.text(max_size=9), st.floats(0, 9), st.floats(0, 9), st.floats(0, 1))


@given(st.lists(st.lists(WORDS, max_size=4), max_size=3))
def test_readings_arrive_as_they_were(found: list[list[Word]]) -> None:
    readings = tuple(Reading(tuple(words)) for words in found)
    assert readings_of(answer_of(readings)) == readings


@given(st.binary(max_size=60))
def test_a_decoder_may_answer_anything(answer: bytes) -> None:
    with contextlib.suppress(ValueError):
        readings_of(answer)


@given(st.lists(st.builds(Phrase, st.text(max_size=9), st.none() | st.text(max_size=9), st.none(), st.none())))
def test_vocabularies_arrive_as_they_were(vocabulary: list[Phrase]) -> None:
    head, samples = unpack(pack({"vocabulary": vocabulary_rows(vocabulary)}, np.array([1, -2], np.int16)))
    assert vocabulary_of(head["vocabulary"]) == tuple(vocabulary)
    assert samples == b"\x01\x00\xfe\xff"


def test_samples_beyond_full_scale() -> None:
    assert whole_numbers(np.array([2.0, -2.0, 0.0], np.float32)).tolist() == [32767, -32767, 0]


LATTICE = """VERSION=1.0
I=0\tt=0.00\tW=!SENT_START\tv=1
I=1\tt=0.10\tW=ask\tv=1
I=2\tt=0.12\tW=task\tv=1
I=3\tt=0.60\tW=not\tv=1
I=4\tt=1.00\tW=!SENT_END\tv=1
J=0\tS=0\tE=1\ta=-1\tp=0.7
J=1\tS=0\tE=2\ta=-1\tp=0.3
J=2\tS=1\tE=3\ta=-1\tp=0.7
J=3\tS=2\tE=3\ta=-1\tp=0.3
J=4\tS=3\tE=4\ta=-1\tp=1.0
"""


def test_competitors_are_the_other_words_of_the_place() -> None:
    class Lattice:
        def write_htk(self, path: str) -> None:
            with open(path, "w") as file:
                file.write(LATTICE)

    assert read_links(LATTICE)[0] == (("ask", 10, 60), pytest.approx(0.7))
    (found,) = competitors(Lattice(), [("", 0, 10), ("ask", 10, 60), ("not", 60, 100)])
    assert found == (1, ("task", 12, 60), pytest.approx(0.3))
