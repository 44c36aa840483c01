"""The other end of ``WorkerBinding``: loads one engine, then answers batches on its standard input until it closes."""

from __future__ import annotations

import os
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from shared import errors
from shared.models.catalog import CatalogEntry
from shared.runtime.bindings import HEADER, load_engine


def read_message(pipe: BinaryIO) -> Any:
    """The next message; EOFError when the parent has gone."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        raise EOFError
    (length,) = HEADER.unpack(header)
    return pickle.loads(pipe.read(length))


def write_message(pipe: BinaryIO, answer: str, value: Any) -> None:
    data = pickle.dumps((answer, value), protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(HEADER.pack(len(data)) + data)
    pipe.flush()


def portable(failure: Exception) -> Exception:
    """An exception that the parent can unpickle: ours as it is, a library's as Internal with its class name."""
    if isinstance(failure, errors.NonetError):
        return failure
    return errors.Internal(f"The engine failed with {type(failure).__name__}.")


def end_with(parent: int) -> None:
    """End this process soon after its parent, whatever it is at: a training of hours would go on for nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def main() -> None:
    end_with(os.getppid())
    # Threads of OpenMP that spin while they wait take the processors from those that they wait for: where others use
    # them, too, torch and LightGBM were ten to twenty times slower. It is read when they are imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    requests = sys.stdin.buffer
    # Libraries print to standard output; the pipe is moved away from under them.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    entry_json, directory, device = read_message(requests)
    try:
        engine = load_engine(CatalogEntry.model_validate_json(entry_json), Path(directory), device)
    except Exception as failure:
        # Told to the parent, which raises it where the model was asked for.
        write_message(answers, "error", portable(failure))
        return
    write_message(answers, "loaded", None)
    while True:
        try:
            items = read_message(requests)
        except EOFError:
            engine.close()
            return
        try:
            results = list(engine.run(items))
        except Exception as failure:
            write_message(answers, "error", portable(failure))
        else:
            write_message(answers, "results", results)


if __name__ == "__main__":
    main()
