"""``nonet demo``: starts the suite on free ports and lets an ordinary boto3 program ask it real questions."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from nonet.demo import calls, chains, documents, pictures, texts, translations, voices
from nonet.demo.invoice import invoice_scan
from nonet.demo.stage import server, title


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nonet demo", description=__doc__)
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep the invoice and the sound in FOLDER")
    chosen = parser.parse_args(arguments[1:])
    began = time.monotonic()
    scan = invoice_scan()
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        (chosen.keep / "invoice.png").write_bytes(scan)
    with tempfile.TemporaryDirectory(prefix="nonet-demo-") as data:
        photographs = pictures.prepare(Path(data))
        play(Path(data), photographs, scan, chosen.keep, began)
    title(f"Done in {time.monotonic() - began:.1f} s")
    print("Next:  ./nonet up  starts the suite for your own programs.")
    return 0


def play(data: Path, photographs: Path | None, scan: bytes, keep: Path | None, began: float) -> None:
    """Every service in turn, on a suite of its own; without photographs, all but the one that sees."""
    with server(data) as endpoints:
        title(f"Nonet answers at {endpoints.http} after {time.monotonic() - began:.1f} s")
        print("An ordinary boto3 program; only endpoint_url differs from one for AWS.\n")
        texts.show(endpoints)
        translations.show(endpoints)
        voices.show(endpoints, keep)
        calls.show(endpoints)
        documents.show(endpoints, scan)
        documents.show_job(endpoints, scan)
        if photographs is not None:
            pictures.show(endpoints, photographs)
        chains.show(endpoints)
        texts.show_grpc(endpoints)
