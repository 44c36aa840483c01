"""``nonet demo``: starts the suite on free ports and lets an ordinary boto3 program ask it real questions."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from nonet.demo import (
    bots,
    calls,
    chains,
    documents,
    medical,
    pictures,
    recommendations,
    sales,
    texts,
    translations,
    voices,
)
from nonet.demo.installation import Installation, installing
from nonet.demo.invoice import invoice_scan
from nonet.demo.report import Report
from nonet.demo.stage import Stage, suite

#: How often somebody who waits for an installation is told how far it is.
TELL_SECONDS = 15


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="nonet demo", description=__doc__)
    parser.add_argument(
        "--keep", metavar="FOLDER", type=Path, help="write a report with pictures and sound: FOLDER/report.html"
    )
    parser.add_argument(
        "--no-install", action="store_true", help="leave forecasting out where its engine is not installed (0.9 GB)"
    )
    chosen = parser.parse_args(arguments[1:])
    report = Report(chosen.keep)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="nonet-demo-") as data,
        ThreadPoolExecutor(max_workers=2) as behind,
        installing(Path(data), not chosen.no_install) as installation,
    ):
        photographs = pictures.prepare(Path(data))
        with suite(Path(data), report) as stage:
            report.title(f"Nonet answers at {stage.http} after {time.monotonic() - began:.1f} s")
            report.line("An ordinary boto3 program; only endpoint_url differs from one for AWS.")
            play(stage, behind, installation, photographs)
    report.title(f"Done in {time.monotonic() - began:.1f} s")
    if (page := report.write()) is not None:
        report.line(f"Report: {page}")
    report.line("Next:  ./nonet up  starts the suite for your own programs.")
    return 0


def play(stage: Stage, behind: ThreadPoolExecutor, installation: Installation | None, photographs: Path | None) -> None:
    """Every service in turn; what has to be trained is trained behind the others, and shown at the end."""
    texts.show(stage)
    medical.show(stage)
    translations.show(stage)
    library = behind.submit(recommendations.train, stage)
    forecast = behind.submit(forecasting, stage, installation) if installation else None
    voices.show(stage)
    bots.show(stage)
    scan = invoice_scan()
    documents.show(stage, scan)
    documents.show_job(stage, scan)
    if photographs is not None:
        pictures.show(stage, photographs)
    calls.show(stage)
    chains.show(stage)
    recommendations.show(stage, library.result())
    texts.show_grpc(stage)
    if forecast is None or installation is None:
        stage.report.title("Forecast")
        stage.report.line("Left out: its engine is not installed. Run: ./nonet engines install forecasting")
    else:
        show_forecast(stage, forecast, installation)


def forecasting(stage: Stage, installation: Installation) -> sales.Forecast:
    installation.wait()
    return sales.make(stage)


def show_forecast(stage: Stage, forecast: Future[sales.Forecast], installation: Installation) -> None:
    """Wait for the forecast, telling what it waits for; it is left out where the engine could not be installed."""
    while not forecast.done():
        now = f"its engine is being installed, {installation.packages()} packages so far"
        print(f"Forecast: {now if installation.under_way() else 'its predictor is being trained'} ...", file=sys.stderr)
        wait([forecast], TELL_SECONDS)
    try:
        made = forecast.result()
    except RuntimeError as reason:
        stage.report.title("Forecast")
        stage.report.line(f"Left out: {reason}")
        return
    sales.show(stage, made)
