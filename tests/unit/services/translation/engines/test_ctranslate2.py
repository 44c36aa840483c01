"""The CTranslate2 engine: its real loader on a tiny model, and what it does about lost placeholders and loops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ctranslate2", reason="the translation engines are not installed")

from services.translation.engines import ctranslate2 as engine_module
from services.translation.engines.ctranslate2 import CTranslate2Engine, load
from services.translation.tasks import Parts, Sentence, text_of
from shared import errors
from tests.unit.services.translation.engines import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("tiny")
    return tiny.model(folder, tiny.pieces(folder))


def test_the_real_loader(folder: Path) -> None:
    engine = load(tiny.entry(subwords="shared", target_tag="<2{target}>"), folder, "cpu")
    sentences = [
        Sentence(
            (
                "where is ",
                0,
                " the train",
            ),
            "en",
            "de",
        ),
        Sentence(("good morning",), "en", "fr"),
    ]
    results = engine.run(sentences)
    assert [type(result.parts) for result in results] == [tuple, tuple]
    # The same question has the same answer, alone or in company: padding has no say.
    assert engine.run(sentences[1:])[0] == results[1]
    engine.close()


def test_a_capital_that_the_vocabulary_lacks_is_written_small(folder: Path) -> None:
    subwords = load(tiny.entry(subwords="shared"), folder, "cpu")._subwords
    capital, small = (subwords.encode(Sentence((text,), "en", "de")) for text in ("Óù est", "óù est"))
    assert capital == small


def test_long_sentences_are_translated_whole(folder: Path) -> None:
    engine = load(tiny.entry(subwords="shared"), folder, "cpu")
    long = Sentence(("where is the train station " * 60, 0, "x" * 700), "en", "de")
    short = engine._short(long)
    assert len(short) > 2
    assert all(len(engine._subwords.encode(part)) <= engine_module.MAX_PIECES for part in short)
    assert tuple(part for one in short for part in one.parts if isinstance(part, int)) == (0,)
    assert "".join(text_of(one.parts) for one in short) == text_of(long.parts)
    assert len(engine.run([long])) == 1


def test_a_folder_without_vocabulary(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        if path.name != "vocabulary.model":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(errors.FailedPrecondition, match=r"vocabulary\.model"):
        load(tiny.entry(), tmp_path, "cpu")
    with pytest.raises(errors.FailedPrecondition, match="there are no subwords"):
        load(tiny.entry(subwords="runes"), folder, "cpu")


@dataclass
class Answer:
    hypotheses: list[list[str]]


class Scripted:
    """A translator that says what a test wants, by how many alternatives are asked for and whether repeats are allowed."""

    def __init__(self, plain: str, alternatives: list[str], forbidden: list[str]) -> None:
        self.plain, self.alternatives, self.forbidden = plain, alternatives, forbidden
        self.calls: list[tuple[int, int]] = []

    def translate_batch(self, sources: list[list[str]], **options: Any) -> list[Answer]:
        self.calls.append((options["num_hypotheses"], options["no_repeat_ngram_size"]))
        told = self.forbidden if options["no_repeat_ngram_size"] else self.alternatives
        told = [self.plain] if options["num_hypotheses"] == 1 else told
        return [Answer([text.split(" ") for text in told]) for _ in sources]


class Words:
    """Words for pieces; a placeholder is <t0>."""

    def encode(self, sentence: Sentence) -> list[str]:
        return "".join(part if isinstance(part, str) else f"<t{part}>" for part in sentence.parts).split()

    def prefix(self, sentence: Sentence) -> list[str]:
        return []

    def decode(self, tokens: list[str], sentence: Sentence) -> Parts:
        parts: list[str | int] = []
        for token in tokens:
            parts.append(int(token[2]) if token.startswith("<t") else token + " ")
        return tuple(parts)


def run(script: Scripted, *parts: str | int) -> Any:
    return CTranslate2Engine(script, Words()).run([Sentence(parts, "en", "de")])[0]


def test_a_complete_translation_is_taken_at_once() -> None:
    script = Scripted("nimm <t0> mit", [], [])
    result = run(script, "take ", 0, " along")
    assert result.complete
    assert 0 in result.parts
    assert len(script.calls) == 1


def test_a_lost_placeholder_is_looked_for_among_the_alternatives() -> None:
    script = Scripted("nimm es mit", ["nimm es", "nimm <t0>", "nimm <t0> mit"], ["never asked"])
    result = run(script, "take ", 0, " along")
    assert result.complete
    assert text_of(result.parts).strip() == "nimm"
    assert script.calls == [(1, 0), (engine_module.WIDE_BEAM, 0)]


@pytest.mark.parametrize("plain", ["nimm <t0> <t0>", "nimm <t1>", "<t0> <t1>"])
def test_doubled_and_made_up_placeholders_do_not_count(plain: str) -> None:
    result = run(Scripted(plain, [plain], [plain]), "take ", 0)
    assert not result.complete


def test_loops_are_decoded_again_without_repeats() -> None:
    script = Scripted("olive olive olive olive", ["oil oil oil oil"], ["olive oil"])
    result = run(script, "olive oil")
    assert result.complete
    assert text_of(result.parts).strip() == "olive oil"
    assert [forbidden for _, forbidden in script.calls] == [0, 0, 4]


def test_repetitions_of_the_source_are_no_loop() -> None:
    assert run(Scripted("nein nein nein nein", [], []), "no no no no").complete


def test_silence_is_no_translation() -> None:
    assert not run(Scripted("", [""], [""]), "something").complete


def test_marian_and_nllb_sentences(tmp_path: Path) -> None:
    """Where each kind wants its languages, and that both sides' pieces are used; on the models that they ship as files."""
    from services.translation.engines.subwords import open_subwords

    for name in ("source", "target", "sentencepiece.bpe"):
        tiny.pieces(tmp_path, name, [])
        if name != "sentencepiece.bpe":
            (tmp_path / f"{name}.model").rename(tmp_path / f"{name}.spm")
    sentence = Sentence(("good ", 1, " morning"), "en", "fr")
    marian = open_subwords(tiny.entry(subwords="marian", codes=["fr = >>fra<<"]), tmp_path)
    tokens = marian.encode(sentence)
    assert (tokens[0], tokens[-1]) == (">>fra<<", "</s>")
    assert marian.prefix(sentence) == []
    assert marian.decode(["▁w", "o", "▁Q", "X", "1", "▁i", "s", "t"], sentence) == ("wo ", 1, " ist")
    nllb = open_subwords(tiny.entry(subwords="nllb", codes="en = eng_Latn, fr = fra_Latn"), tmp_path)
    tokens = nllb.encode(sentence)
    assert (tokens[0], tokens[-1]) == ("eng_Latn", "</s>")
    assert nllb.prefix(sentence) == ["fra_Latn"]
    assert nllb.decode(["fra_Latn", "▁b", "o", "n"], sentence) == ("bon",)
