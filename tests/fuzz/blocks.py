"""Coverage-guided fuzzing of the block builder: ``python tests/fuzz/blocks.py -max_total_time=60``.

A page of any size with ink anywhere, and words of any text at any place, as a bad reader might report them. Whatever
is found on it, the graph must hang together and lie within the page.
"""

from __future__ import annotations

import sys

import atheris
import numpy as np

with atheris.instrument_imports(include=["services.documents"]):
    from services.documents.analysis import Feature, Question, analyze
    from services.documents.blocks import page_blocks
    from services.documents.messages import block_message
    from services.documents.sheets import lift
    from shared.media.documents import Page
    from shared.tasks.reading import Line, Reading, Word

FEATURES = frozenset(Feature)
TEXTS = ["Name:", "Total", "12.50", "$", "-", "1.", "•", "x", "Date", "Ada", "(", "☐", "X", "Page 1", "Ärger", "日本"]
MAX_WORDS = 40


def page_of(provider: atheris.FuzzedDataProvider) -> Page:
    width, height = provider.ConsumeIntInRange(1, 300), provider.ConsumeIntInRange(1, 300)
    pixels = np.full((height, width, 3), 255, np.uint8)
    for _ in range(provider.ConsumeIntInRange(0, 12)):
        left, top = provider.ConsumeIntInRange(0, width - 1), provider.ConsumeIntInRange(0, height - 1)
        right, bottom = provider.ConsumeIntInRange(left, width), provider.ConsumeIntInRange(top, height)
        # Rules and boxes are what the analyses look at: most ink is thin.
        if provider.ConsumeBool():
            bottom = min(bottom, top + 2)
        elif provider.ConsumeBool():
            right = min(right, left + 2)
        pixels[top:bottom, left:right] = provider.ConsumeIntInRange(0, 255)
    return Page(1, pixels)


def words_of(provider: atheris.FuzzedDataProvider, width: int, height: int) -> list[Word]:
    words = []
    for _ in range(provider.ConsumeIntInRange(0, MAX_WORDS)):
        x, y = provider.ConsumeIntInRange(-5, width + 5), provider.ConsumeIntInRange(-5, height + 5)
        across, down = provider.ConsumeIntInRange(0, 80), provider.ConsumeIntInRange(0, 30)
        slant = provider.ConsumeIntInRange(-10, 10)
        polygon = np.array(
            [[x, y], [x + across, y + slant], [x + across, y + down + slant], [x, y + down]], dtype=np.float32
        )
        text = provider.PickValueInList(TEXTS)
        words.append(Word(text.replace(" ", ""), provider.ConsumeProbability(), polygon))
    return words


def one_input(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    page = page_of(provider)
    height, width = page.pixels.shape[:2]
    lines = tuple(Line((word,), word.polygon) for word in words_of(provider, width, height))
    sheet = lift(page, Reading(lines, provider.PickValueInList([0, 90, 180, 270])))
    questions = [Question("What is the name?"), Question(provider.ConsumeUnicodeNoSurrogates(30) or "x", "A", ("*",))]
    blocks = page_blocks(sheet, analyze(sheet, FEATURES, questions), numbered=provider.ConsumeBool())
    ids = {block.id for block in blocks}
    assert len(ids) == len(blocks)
    assert [block.kind for block in blocks].count("PAGE") == 1
    for block in blocks:
        message = block_message(block)
        message.SerializeToString()
        assert all(target in ids for relationship in message.relationships for target in relationship.ids)
        assert 0 <= message.confidence <= 100
        box = message.geometry.bounding_box
        for low, size in ((box.left, box.width), (box.top, box.height)):
            assert low >= 0 and size >= 0 and low + size <= 1.0001, (block.kind, low, size)


if __name__ == "__main__":
    # A page of words takes hundreds of bytes: libFuzzer's habit of starting small would leave it empty for minutes.
    atheris.Setup([*sys.argv, "-len_control=0", "-max_len=1200"], one_input)
    atheris.Fuzz()
