"""Spanish from Apertium: every French and every English sentence of Tatoeba, one line for each."""

from __future__ import annotations

import argparse
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

#: Source file -> mode and target file.
MODES = {"fr.uniq": ("fr-es", "fr.es"), "en.uniq": ("eng-spa", "en.es")}
SPECIAL = "\\[]{}^$/<>@"


def translated(mode: str, lines: list[str]) -> Iterator[str]:
    """Each line in the other language; unknown words are marked with an asterisk."""
    command = ["apertium-wblank-mode", "-z", f"/usr/share/apertium/modes/{mode}.mode"]
    pipeline = subprocess.check_output(command, text=True).strip().replace("$1", "-g").replace("$2", "")
    process = subprocess.Popen(["bash", "-c", pipeline], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    questions, answers = process.stdin, process.stdout

    def feed() -> None:
        for line in lines:
            escaped = "".join("\\" + character if character in SPECIAL else character for character in line)
            questions.write((escaped + ".[][\n]").encode() + b"\0")
            questions.flush()
        questions.close()

    threading.Thread(target=feed, daemon=True).start()
    rest = b""
    while piece := answers.read1(1 << 16):
        *whole, rest = (rest + piece).split(b"\0")
        for answer in whole:
            yield re.sub(r"\\(.)", r"\1", answer.decode("utf-8", "replace").split(".[]")[0]).replace("\n", " ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    work = parser.parse_args().work
    for source, (mode, target) in MODES.items():
        lines = (work / source).read_text("utf-8").split("\n")[:-1]
        with (work / target).open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in translated(mode, lines))


if __name__ == "__main__":
    main()
