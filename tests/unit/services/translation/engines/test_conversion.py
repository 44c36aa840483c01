"""The converters on tiny checkpoints that these tests build; skipped where torch is absent (its own environment has it)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is in the engine environment `translation-converters` only")
transformers = pytest.importorskip("transformers", reason="in the engine environment `translation-converters` only")
pytest.importorskip("ctranslate2", reason="the translation engines are not installed")

from services.translation.engines import conversion  # noqa: E402
from services.translation.engines.ctranslate2 import load  # noqa: E402
from services.translation.tasks import Sentence, text_of  # noqa: E402
from tests.unit.services.translation.engines import tiny  # noqa: E402

LEARNT = {"where is the train station": "wo ist der bahnhof", "good morning my friend": "dónde está la estación"}


def marian_checkpoint(folder: Path) -> Path:
    """A Marian model of 64 dimensions that has learnt two sentences by heart, saved as the library saves its own."""
    for name in ("source", "target"):
        tiny.pieces(folder, name, [])
        (folder / f"{name}.model").rename(folder / f"{name}.spm")
    import sentencepiece

    vocabulary = {"</s>": 0, "<unk>": 1}
    for name in ("source", "target"):
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.spm"))
        for number in range(pieces.get_piece_size()):
            if pieces.id_to_piece(number) not in ("<pad>", "<s>"):  # where Marian has them: last, and not at all
                vocabulary.setdefault(pieces.id_to_piece(number), len(vocabulary))
    vocabulary.setdefault("<pad>", len(vocabulary))
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    tokenizer = transformers.MarianTokenizer(
        source_spm=str(folder / "source.spm"), target_spm=str(folder / "target.spm"), vocab=str(folder / "vocab.json"),
        source_lang="en", target_lang="de",
    )  # fmt: skip
    size, pad = len(vocabulary), vocabulary["<pad>"]
    config = transformers.MarianConfig(
        vocab_size=size, decoder_vocab_size=size, d_model=64, encoder_layers=1, decoder_layers=1, dropout=0.0,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=128, decoder_ffn_dim=128,
        max_position_embeddings=64, pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad, forced_eos_token_id=0,
        scale_embedding=True, share_encoder_decoder_embeddings=True,
    )  # fmt: skip
    torch.manual_seed(3)
    model = transformers.MarianMTModel(config)
    batch = tokenizer(list(LEARNT), text_target=list(LEARNT.values()), return_tensors="pt", padding=True)
    batch["labels"][batch["labels"] == pad] = -100
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    model.train()
    for _ in range(300):
        model(**batch).loss.backward()
        optimizer.step()
        with torch.no_grad():  # Marian's decoder starts from nothing: its padding has the zero vector
            model.model.shared.weight[pad] = 0.0
        optimizer.zero_grad()
    model.eval()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_marian(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    conversion.marian(marian_checkpoint(source), target)
    assert (target / "source.spm").read_bytes() == (source / "source.spm").read_bytes()
    engine = load(tiny.entry(subwords="marian"), target, "cpu")
    results = engine.run([Sentence((text,), "en", "de") for text in LEARNT])
    assert [text_of(result.parts) for result in results] == list(LEARNT.values())
    engine.close()
