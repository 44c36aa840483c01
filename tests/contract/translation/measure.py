"""How often terms are obeyed: ``python -m tests.contract.translation.measure`` prints it for a Nonet of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.running import client, nonet

#: Sentences around a term: its place, its company, its part of speech.
FRAMES = [
    "{} is here.", "Where is {}?", "I have never seen {} in my life.", "My father bought {} yesterday.", "Is this {}?",
    "{}, please!", "They gave {} to the children.", "Without {} we can do nothing.", "She said that {} was broken.",
    "We went from {} to the station.", "This {} is better than that one.", "There are many people who like {}.",
]  # fmt: skip
TERMS = {
    "Echo Dot": "Echo-Punkt", "the ring": "der Schmuck", "coffee": "Bohnensaft", "Nonet": "NONETT", "C++": "Cplusplus",
    "Amazon Family": "Amazon Familie", "cloud": "Wölkchen", "GmbH & Co.": "KG", "X-100": "Y-200", "Tom": "Thomas",
}  # fmt: skip


def sentences() -> list[tuple[str, list[str]]]:
    """Each frame with each term, and each frame with three of them; with what must be in the translation."""
    some = list(TERMS.items())
    found = [(frame.format(source), [term]) for frame in FRAMES for source, term in some]
    for number, frame in enumerate(FRAMES):
        first, second, third = (some[(number + step) % len(some)] for step in (0, 3, 7))
        sentence = f"{frame.format(first[0])} {second[0]} and {third[0]} are here"
        found.append((sentence, [first[1], second[1], third[1]]))
    return found


def obedience(translate: Any, target: str) -> tuple[int, int]:
    """Sentences whose translation has every term's translation once, and all sentences; ``translate``: a boto3 client."""
    table = "".join(f"{source},{term}\n" for source, term in TERMS.items())
    data = {"File": f"en,{target}\n{table}".encode(), "Format": "CSV"}
    translate.import_terminology(Name="measured", MergeStrategy="OVERWRITE", TerminologyData=data)
    lines = sentences()
    obeyed = 0
    for begin in range(0, len(lines), 40):
        some = lines[begin : begin + 40]
        answer = translate.translate_text(
            Text="\n".join(line for line, _ in some),
            SourceLanguageCode="en",
            TargetLanguageCode=target,
            TerminologyNames=["measured"],
        )
        for (_, terms), line in zip(some, answer["TranslatedText"].split("\n"), strict=True):
            obeyed += all(line.count(term) == 1 for term in terms)
    return obeyed, len(lines)


def main() -> None:
    own = ["translation-from-english"]
    with (
        tempfile.TemporaryDirectory() as data,
        nonet(Path(data), services="translation", model_preferences={"translate-text": own}) as addresses,
    ):
        translate = client("translate", addresses, aws_access_key_id="any", aws_secret_access_key="any")
        for target in ("de", "fr", "es"):
            obeyed, total = obedience(translate, target)
            print(f"en-{target}: {obeyed} of {total} sentences")


if __name__ == "__main__":
    main()
