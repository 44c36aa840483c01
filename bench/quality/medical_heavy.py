"""How good the heavy engine of clinical text is with weights that can be had here: those of the embedded model.

    python -m bench.quality.medical_heavy

For an environment with torch, transformers, onnx and onnxruntime. The embedded model is written as a checkpoint of the
transformers library: its int8 weights as floats, its classes under the names of MACCROBAT. What the library's BERT does
not have is the letter shapes: every word counts as one of small letters. Then the engine reads BC5CDR.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
import transformers
from onnx import numpy_helper
from tokenizers import Tokenizer, processors

from bench.quality.medical import MODEL, print_entity_scores
from services.language.engines.transformers_auto import load_medical
from services.language.tasks import MEDICAL_CONCEPTS
from services.language.wordpieces import shape_of
from shared.models.catalog import CatalogEntry, Tier

_MACCROBAT = {
    "DRUG": "Medication", "PROBLEM": "Disease_disorder", "TEST": "Diagnostic_procedure",
    "PROCEDURE": "Therapeutic_procedure", "TREATMENT": "treatment", "ANATOMY": "Biological_structure",
}  # fmt: skip
_HEAD = "concept"
_SPECIAL = {f"{name.lower()}_token": f"[{name}]" for name in ("UNK", "CLS", "SEP", "PAD")}


def weights(graph: onnx.GraphProto, temperature: float) -> Iterator[tuple[str, torch.Tensor]]:
    """The graph's weights as ``BertForTokenClassification`` names them; the head's divided by its temperature."""
    stored = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}

    def matrix(name: str) -> torch.Tensor:
        return (stored[f"{name}_quantized"].float() * stored[f"{name}_scale"]).T.contiguous()

    yield "bert.embeddings.word_embeddings.weight", stored["tagger.table"].float() * stored["tagger.scale"]
    yield "bert.embeddings.position_embeddings.weight", stored["places"]
    (kind,) = (name for name in stored if name.startswith("onnx::Add"))
    shape = stored["tagger.shapes.weight"][shape_of("a")]
    yield "bert.embeddings.token_type_embeddings.weight", (stored[kind] + shape)[None]
    for name, values in stored.items():
        if name.startswith("tagger.encoder."):
            yield name.replace("tagger.encoder.", "bert.", 1), values
    products = (n.input[1].removesuffix("_quantized") for n in graph.node if n.op_type == "MatMulInteger")
    for number in range(sum(node.op_type == "QAttention" for node in graph.node)):
        layer = f"bert.encoder.layer.{number}"
        parts = zip(matrix(f"weight{number}").chunk(3), stored[f"bias{number}"].chunk(3), strict=True)
        for part, (weight, bias) in zip(("query", "key", "value"), parts, strict=True):
            yield f"{layer}.attention.self.{part}.weight", weight.contiguous()
            yield f"{layer}.attention.self.{part}.bias", bias.contiguous()
        for inner in ("attention.output", "intermediate", "output"):
            yield f"{layer}.{inner}.dense.weight", matrix(next(products))
    yield "classifier.weight", matrix(next(products)) / temperature
    yield "classifier.bias", stored[f"tagger.heads.{_HEAD}.bias"] / temperature


def export(out: Path) -> None:
    """Write the embedded model's head of concepts as a checkpoint."""
    settings = json.loads((MODEL / "heads.json").read_text())
    state = dict(weights(onnx.load(MODEL / "model.onnx").graph, settings["temperatures"][_HEAD]))
    labels = [name if name == "O" else f"{name[:2]}{_MACCROBAT[name[2:]]}" for name in settings["heads"][_HEAD]]
    pieces, width = state["bert.embeddings.word_embeddings.weight"].shape
    config = transformers.BertConfig(
        vocab_size=pieces, hidden_size=width, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
        max_position_embeddings=len(state["bert.embeddings.position_embeddings.weight"]), type_vocab_size=1,
        id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)},
    )  # fmt: skip
    model = transformers.BertForTokenClassification(config)
    model.load_state_dict(state)
    model.save_pretrained(out)
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    ends = [(name, tokenizer.token_to_id(name)) for name in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = processors.BertProcessing(*ends)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_input_names=["input_ids", "attention_mask"], model_max_length=384, **_SPECIAL
    ).save_pretrained(out)


def main() -> None:
    entry = CatalogEntry(
        id="exported", task=MEDICAL_CONCEPTS, engine="services.language.engines.transformers_auto:load_medical",
        tier=Tier.HEAVY, licence="Apache-2.0", description="exported by bench.quality.medical_heavy", memory_bytes=1,
        environment="transformers",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        export(Path(folder))
        print_entity_scores(load_medical(entry, Path(folder), "cpu"))


if __name__ == "__main__":
    main()
