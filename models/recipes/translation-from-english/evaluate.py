"""BLEU and chrF (sacrebleu) of an installed model, through the service's own engine and sentence splitting.

python evaluate.py en-de --model translation-from-english --flores .../flores --work .../work
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

import sacrebleu

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "sdk")]

from services.translation.routes import Leg  # noqa: E402
from services.translation.terms import TermIndex  # noqa: E402
from services.translation.translator import TextTranslator  # noqa: E402
from shared.models.catalog import Catalog  # noqa: E402
from shared.models.store import ModelStore  # noqa: E402
from shared.rpc.call import Priority  # noqa: E402
from shared.runtime.devices import find_devices  # noqa: E402
from shared.runtime.runtime import Runtime  # noqa: E402
from shared.settings import Settings  # noqa: E402


def sets(pair: str, flores: Path, work: Path | None) -> dict[str, tuple[list[str], list[str]]]:
    """The test sets of a pair: sources and references."""
    source, target = pair.split("-")
    found: dict[str, tuple[list[str], list[str]]] = {}
    sides = []
    for language in (source, target):
        other = next(path for path in sorted(flores.glob("*")) if (path / f"flores-dev.{language}").is_file())
        sides.append((other / f"flores-dev.{language}").read_text("utf-8").splitlines())
    found["flores-dev"] = (sides[0], sides[1])
    foreign = target if source == "en" else source
    for name in (f"test.{foreign}.tsv", f"test.messages.{foreign}.tsv"):
        if work is not None and "en" in (source, target) and (work / name).is_file():
            rows = [line.split("\t") for line in (work / name).read_text("utf-8").splitlines()]
            english, others = [row[0] for row in rows], [row[1] for row in rows]
            found[name] = (english, others) if source == "en" else (others, english)
    return found


async def translated(model: str, pair: str, texts: list[str], folder: str | None) -> list[str]:
    """The texts as the service translates them, by one model."""
    catalog = Catalog.load()
    if folder is not None:
        entry = catalog.get(model)
        assert entry is not None
        catalog = Catalog([entry.model_copy(update={"embedded_path": folder})], catalog.environments.values())
    with tempfile.TemporaryDirectory() as data:
        settings = Settings(data_directory=Path(data))
        runtime = Runtime(catalog, ModelStore(Path(data)), find_devices(settings))
        source, target = pair.split("-")
        translator = TextTranslator(runtime, [Leg(model, source, target, 0.0)], TermIndex({}), Priority.BATCH)
        lines = (await translator.translate("\n".join(texts))).text.split("\n")
        await runtime.close()
    assert len(lines) == len(texts)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pair", help="en-de")
    parser.add_argument("--model", required=True)
    parser.add_argument("--flores", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="folder of split.py's and prepare.py's test slices")
    parser.add_argument("--folder", help="in place of the folder that the catalog names")
    arguments = parser.parse_args()
    for name, (sources, references) in sets(arguments.pair, arguments.flores, arguments.work).items():
        lines = asyncio.run(translated(arguments.model, arguments.pair, sources, arguments.folder))
        scores = {"pair": arguments.pair, "model": arguments.model, "set": name, "sentences": len(lines)}
        scores["BLEU"] = round(sacrebleu.corpus_bleu(lines, [references]).score, 1)
        scores["chrF"] = round(sacrebleu.corpus_chrf(lines, [references]).score, 1)
        print(json.dumps(scores), flush=True)


if __name__ == "__main__":
    main()
