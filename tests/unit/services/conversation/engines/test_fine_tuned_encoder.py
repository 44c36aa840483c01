"""Fine-tuning, on tiny random encoders that these tests build; skipped where torch is absent (its own environment has it).

They show that it learns, keeps and tells; how well it tells with real weights is measured by bench/quality/intents.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.conversation.understanding.lessons import Learnt, Lesson, Question, Slice
from shared import errors

torch = pytest.importorskip("torch", reason="torch is in the engine environment `transformers` only")
transformers = pytest.importorskip("transformers", reason="in the engine environment `transformers` only")

from services.conversation.engines import fine_tuned_encoder  # noqa: E402
from services.conversation.engines.fine_tuned_encoder import FineTunedEncoder  # noqa: E402

TEXTS = (
    "book a room", "i need a room for two nights", "reserve a hotel room", "reserve a room in paris",
    "rent a car", "i want to hire a car", "get me a small car", "rent a small car",
    "i forgot my password", "reset my password", "my password is gone", "my password please",
)  # fmt: skip
LABELS = np.repeat(np.arange(3), 4)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lessons of few steps, at rates for random weights; a slice is one step."""
    monkeypatch.setattr(fine_tuned_encoder, "STEPS_AT_LEAST", 60)
    monkeypatch.setattr(fine_tuned_encoder, "RATE", 3e-3)
    monkeypatch.setattr(fine_tuned_encoder, "HEAD_RATE", 1e-2)
    monkeypatch.setattr(fine_tuned_encoder, "SLICE_SECONDS", 0.0)


def checkpoint(folder: Path, seed: int = 1) -> Path:
    """A random BERT of 16 dimensions and 3 layers, saved as the library saves its own."""
    torch.manual_seed(seed)
    folder.mkdir(exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted({word for text in TEXTS for word in text.split()})]
    (folder / "vocab.txt").write_text("\n".join(words))
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture
def engine(tmp_path: Path) -> FineTunedEncoder:
    return FineTunedEncoder(checkpoint(tmp_path / "tiny"), "cpu")


def lesson(name: str = "bot") -> Lesson:
    return Lesson(name, TEXTS, LABELS, 3, np.arange(len(TEXTS)) % 4 == 3)


def run(engine: FineTunedEncoder, item: Any) -> Any:
    (result,) = engine.run([item])
    return result


def learnt(engine: FineTunedEncoder, name: str = "bot") -> Learnt:
    state = run(engine, lesson(name))
    while not isinstance(state, Learnt):
        state = run(engine, Slice(name))
    return state


def told(engine: FineTunedEncoder, build: str, weights: bytes | None) -> Any:
    return np.stack([run(engine, Question(build, text, weights)) for text in TEXTS])


def test_it_learns_what_the_utterances_mean(engine: FineTunedEncoder) -> None:
    rows = told(engine, "bot", learnt(engine).weights)
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)
    assert (rows.argmax(axis=1) == LABELS).all()
    assert -np.log(rows[np.arange(12), LABELS]).mean() < 0.5 < np.log(3)  # which is the loss of an unlearnt head


def test_what_was_aside_is_told_before_it_is_learnt(engine: FineTunedEncoder) -> None:
    before = learnt(engine).told
    assert before.shape == (3, 3)
    after = told(engine, "bot", learnt(engine).weights)[[3, 7, 11]]
    assert not np.allclose(before, after, atol=0.01)


def test_a_lesson_goes_by_slices(engine: FineTunedEncoder) -> None:
    shares = [run(engine, lesson())]
    while not isinstance(state := run(engine, Slice("bot")), Learnt):
        shares.append(state)
    assert len(shares) > 20
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    with pytest.raises(errors.Unavailable):
        run(engine, Slice("bot"))


def test_another_process_tells_the_same_by_the_weights(engine: FineTunedEncoder, tmp_path: Path) -> None:
    weights = learnt(engine).weights
    other = FineTunedEncoder(tmp_path / "tiny", "cpu")
    assert run(other, Question("bot", TEXTS[0])) is None
    assert np.array_equal(told(engine, "bot", weights), told(other, "bot", weights))
    assert run(other, Question("bot", TEXTS[0])) is not None  # they are kept


def test_lessons_that_take_turns_learn_the_same(engine: FineTunedEncoder) -> None:
    alone = learnt(engine, "a").weights
    run(engine, lesson("b"))
    run(engine, lesson("a"))
    states: list[Any] = [0.0, 0.0]
    while not isinstance(states[0], Learnt):
        states = engine.run([Slice("a"), Slice("b")])
    assert [state.weights for state in states] == [alone, alone]


def test_the_weights_of_another_checkpoint_are_refused(engine: FineTunedEncoder, tmp_path: Path) -> None:
    weights = learnt(engine).weights
    other = FineTunedEncoder(checkpoint(tmp_path / "other", seed=2), "cpu")
    with pytest.raises(errors.FailedPrecondition, match="another checkpoint"):
        run(other, Question("bot", TEXTS[0], weights))


def test_the_oldest_lesson_makes_way(engine: FineTunedEncoder) -> None:
    for name in "abc":
        run(engine, lesson(name))
    assert isinstance(run(engine, Slice("b")), float)
    with pytest.raises(errors.Unavailable, match="begin it again"):
        run(engine, Slice("a"))


def test_the_oldest_build_makes_way(engine: FineTunedEncoder) -> None:
    weights = learnt(engine).weights
    for name in "abcde":
        run(engine, Question(name, TEXTS[0], weights))
    assert run(engine, Question("a", TEXTS[0])) is None
    assert run(engine, Question("e", TEXTS[0])) is not None


def test_no_more_layers_learn_than_may(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import safetensors.torch

    names = []
    for most in (1, 10_000_000):
        monkeypatch.setattr(fine_tuned_encoder, "MOST_TRAINED", most)
        weights = learnt(FineTunedEncoder(checkpoint(tmp_path / "tiny"), "cpu")).weights
        names.append({name.split(".")[3] for name in safetensors.torch.load(weights) if name.startswith("encoder.")})
    assert names == [{"2"}, {"0", "1", "2"}]


@pytest.mark.parametrize("text", ["", "room " * 5000, "\ud800 half", "\u4f60\u597d"], ids=ascii)
def test_any_text_is_told(engine: FineTunedEncoder, text: str) -> None:
    assert run(engine, Question("bot", text, learnt(engine).weights)).sum() == pytest.approx(1, abs=1e-5)
