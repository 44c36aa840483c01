"""The commands that need no server: models, engines, keys, doctor, and help."""

from __future__ import annotations

import hashlib
import socket
import stat
import tomllib
from pathlib import Path

import pytest

from nonet.cli import doctor, engines, models
from nonet.cli.__main__ import COMMANDS, main
from shared.auth.principals import PrincipalTable
from shared.models.catalog import Catalog
from shared.settings import Settings, settings

CATALOG = """
[[environment]]
name = "nothing"
description = "An engine of no packages."
licence = "none"
packages = ["six==1.17.0"]
disk_bytes = 1000000

[[model]]
id = "tiny"
task = "guess"
engine = "x:y"
tier = "catalog"
licence = "MIT"
description = "a file"
memory_bytes = 1
files = [{{path = "weights.bin", url = "http://127.0.0.1:9/", sha256 = "{sha256}", bytes = 5}}]

[[model]]
id = "far"
task = "guess"
engine = "x:y"
tier = "heavy"
licence = "MIT"
description = "lives in an environment"
memory_bytes = 1
environment = "nothing"

[[template]]
name = "guesser"
description = "weights that guess"
needs = ["*.bin"]
model = {{ task = "guess", engine = "x:y", environment = "nothing" }}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A catalog, a mirror and a data directory of the test's own."""
    (tmp_path / "catalog.toml").write_text(CATALOG.format(sha256=hashlib.sha256(b"bytes").hexdigest()))
    (tmp_path / "mirror" / "tiny").mkdir(parents=True)
    (tmp_path / "mirror" / "tiny" / "weights.bin").write_bytes(b"bytes")
    monkeypatch.setenv("NONET_DATA_DIRECTORY", str(tmp_path / "data"))
    monkeypatch.setenv("NONET_MODEL_MIRROR", str(tmp_path / "mirror"))
    load = Catalog.load
    for module in (models, engines):
        monkeypatch.setattr(module.Catalog, "load", lambda added=(): load([tmp_path / "catalog.toml"], added))
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_models_come_and_go(tmp_path, capsys) -> None:
    assert main(["models", "list"]) == 0
    assert "nonet models pull tiny" in capsys.readouterr().out
    assert main(["models", "pull", "tiny"]) == 0
    assert (tmp_path / "data" / "models" / "tiny" / "weights.bin").read_bytes() == b"bytes"
    assert main(["models", "list"]) == 0
    assert "installed" in capsys.readouterr().out
    assert main(["models", "rm", "tiny"]) == 0
    assert main(["models", "pull", "nobody"]) == 1
    assert "nonet models list" in capsys.readouterr().err


def test_a_model_of_ones_own(tmp_path, capsys) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "a.bin").write_bytes(b"12345")
    assert main(["models", "add", "mine", str(tmp_path / "weights"), "--as", "guesser", "--languages", "en,de"]) == 0
    assert "nonet engines install nothing" in capsys.readouterr().out
    assert main(["models", "list"]) == 0
    assert any("mine" in line and "en,de" in line for line in capsys.readouterr().out.splitlines())
    assert main(["models", "add", "other", str(tmp_path), "--as", "nobody"]) == 1
    assert "guesser" in capsys.readouterr().err
    assert main(["models", "rm", "mine"]) == 0
    assert main(["models", "rm", "mine"]) == 1


@pytest.mark.slow
def test_engines_come_and_go(tmp_path, capsys) -> None:
    assert main(["engines", "list"]) == 0
    shown = capsys.readouterr().out
    assert "not installed" in shown and "far" in shown
    assert main(["engines", "install", "nothing"]) == 0
    python = tmp_path / "data" / "engines" / "nothing" / "bin" / "python"
    assert python.exists()
    assert main(["engines", "list"]) == 0
    assert "not installed" not in capsys.readouterr().out
    assert main(["engines", "rm", "nothing"]) == 0
    assert not python.exists()
    assert main(["engines", "install", "nobody"]) == 1


def test_keys_are_written_for_their_owner_alone(tmp_path, capsys) -> None:
    keys = tmp_path / "keys.toml"
    assert main(["keys", "--file", str(keys), "create", "alice", "--account", "000000000042"]) == 0
    shown = capsys.readouterr().out
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    bearer = next(line.split()[2] for line in shown.splitlines() if line.startswith("bearer"))
    assert bearer not in keys.read_text()
    table = PrincipalTable.read(keys, "000000000000")
    assert table.by_bearer_key(bearer).account == "000000000042"
    row = tomllib.loads(keys.read_text())["principal"][0]
    assert table.by_access_key(row["access_key_id"]).name == "alice"
    assert main(["keys", "--file", str(keys), "create", "alice"]) == 1
    assert main(["keys", "--file", str(keys), "list"]) == 0
    assert "alice" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[""], ['a"b'], ["two words"], ["x" * 65], ["alice", "--account", "42"]])
def test_keys_that_no_file_could_hold_are_refused(tmp_path, arguments: list[str], capsys) -> None:
    keys = tmp_path / "keys.toml"
    with pytest.raises(SystemExit) as left:
        main(["keys", "--file", str(keys), "create", *arguments])
    assert left.value.code == 2
    assert repr(arguments[-1]) in capsys.readouterr().err
    assert not keys.exists()


@pytest.mark.parametrize(
    "contents", [b"# Read me: not TOML\nname", b"[[principal]]\nname = 'x'\naccount = 'secret'", b"\xff"]
)
def test_a_file_that_is_none_of_keys(tmp_path, contents: bytes, capsys) -> None:
    (tmp_path / "keys.toml").write_bytes(contents)
    assert main(["keys", "--file", str(tmp_path / "keys.toml"), "list"]) == 1
    said = capsys.readouterr().err
    assert "not a file of keys" in said and "secret" not in said


@pytest.mark.parametrize("command", [["doctor"], ["up"]])
def test_a_setting_that_cannot_be_is_named_as_it_was_given(command: list[str], monkeypatch, capsys) -> None:
    monkeypatch.setenv("NONET_HTTP_PORT", "99999")
    assert main(command) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nonet: NONET_HTTP_PORT: ")


@pytest.mark.parametrize(
    "command",
    [
        ["comprehend", "detect-sentiment", "--text", "x", "--language-code", "en"],
        ["sfn", "logs", "arn:aws:states:us-east-1:000000000000:execution:m:e"],
        ["forecast", "plot", "arn:aws:forecast:us-east-1:000000000000:forecast/f", "item_id=bread"],
        ["talk"],
    ],
    ids=["operation", "sfn", "plot", "talk"],
)
def test_a_command_that_finds_no_server_says_what_to_do(command: list[str], monkeypatch, capsys) -> None:
    monkeypatch.setattr("nonet.transport.PAUSES", ())
    assert main([*command, "--address", "127.0.0.1:9"]) == 1
    told = capsys.readouterr().err
    assert "127.0.0.1:9" in told and "`nonet up` starts it" in told


def test_a_picture_that_cannot_be_written(tmp_path, capsys) -> None:
    (tmp_path / "a.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')
    assert main(["sfn", "render", str(tmp_path / "a.json"), "-o", str(tmp_path / "nowhere" / "a.svg")]) == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_a_dimension_without_a_value(capsys) -> None:
    with pytest.raises(SystemExit):
        main(["forecast", "plot", "arn", "bread"])
    assert "'bread' is not like item_id=bread" in capsys.readouterr().err


@pytest.mark.parametrize("ready, good, text", [("", True, "a Nonet answers"), ("refused", False, "another program")])
def test_the_doctor_knows_whose_port_it_is(tmp_path, monkeypatch, ready: str, good: bool, text: str) -> None:
    monkeypatch.setattr(doctor, "reason_not_ready", lambda port: ready)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        findings = list(doctor.examine(Settings(data_directory=tmp_path, http_port=port, grpc_port=0)))
    (found,) = [finding for finding in findings if finding.text.startswith(f"HTTP port {port}")]
    assert found.good is good and text in found.text


def test_the_doctor_names_a_remedy_for_everything_bad(tmp_path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    findings = list(doctor.examine(Settings(data_directory=tmp_path / "x", devices="cuda:77", host="0.0.0.0")))
    bad = [finding for finding in findings if not finding.good]
    assert {"cuda:77", "0.0.0.0"} <= {word.strip(",;") for finding in bad for word in finding.text.split()}
    assert all(finding.remedy for finding in bad)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command, capsys) -> None:
    if command in ("test", "doctor"):
        pytest.skip("takes no options")
    with pytest.raises(SystemExit) as left:
        main([*command.split(), "--help"])
    assert left.value.code == 0
    assert "usage: nonet" in capsys.readouterr().out


def test_help_lists_every_command(capsys) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {command}" in shown for command in COMMANDS)
