"""Manifests against Kubernetes' own schemas, and against the code that they start."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from shared.settings import Settings
from tests.conftest import ROOT
from tests.separate import FOLDERS
from tools import manifests

K8S = ROOT / "k8s"
VERSION = "1.32"
OVERLAYS = ("cpu", "gpu", "single-node")


def built(folder: Path) -> list[dict[str, Any]]:
    """What ``kustomize build`` makes of a folder, as far as ours use it: resources, images, patches, secretGenerator."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    known = {"apiVersion", "kind", "namespace", "resources", "images", "patches", "secretGenerator"}
    assert set(kustomization) <= known
    documents: list[dict[str, Any]] = []
    for name in kustomization["resources"]:
        path = (folder / name).resolve()
        assert path.exists(), f"{folder.name} names {name}"
        documents += built(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
    for patch in kustomization.get("patches", []):
        change = yaml.safe_load((folder / patch["path"]).read_text())
        targets = [
            document
            for document in documents
            if document["kind"] == patch["target"]["kind"]
            and re.fullmatch(patch["target"]["name"], document["metadata"]["name"])
        ]
        assert targets, f"{patch['path']} changes nothing"
        for target in targets:
            merge(target["spec"], change["spec"])
    for image in kustomization.get("images", []):
        used = [c for d in documents for c in containers(d) if c["image"].partition(":")[0] == image["name"]]
        assert used, f"nothing runs {image['name']}"
        for container in used:
            container["image"] = f"{image['name']}:{image['newTag']}"
    for secret in kustomization.get("secretGenerator", []):
        for file in (*secret.get("files", []), *secret.get("envs", [])):
            example = folder / file.replace(".", ".example.")
            assert example.is_file() or folder.name == "single-node", f"nobody shows what {file} is"
        documents.append(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret["name"]}, "stringData": {"file": ""}}
        )
    return documents


def merge(target: dict[str, Any], change: dict[str, Any]) -> None:
    """A strategic merge: maps join, lists of named things join by name, other values replace."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        elif isinstance(value, list) and isinstance(target.get(key), list) and "name" in value[0]:
            for item in value:
                merge(next(old for old in target[key] if old["name"] == item["name"]), item)
        else:
            target[key] = value


def containers(document: dict[str, Any]) -> list[dict[str, Any]]:
    pod = document.get("spec", {}).get("template", {}).get("spec", {})
    return [*pod.get("initContainers", []), *pod.get("containers", [])]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_takes_them(overlay: str) -> None:
    documents = built(K8S / "overlays" / overlay)
    for document in documents:
        kubernetes_validate.validate(document, VERSION, strict=True)
    names = [(document["kind"], document["metadata"]["name"]) for document in documents]
    assert len(names) == len(set(names))


def test_a_mistake_is_seen() -> None:
    document = built(K8S / "overlays" / "cpu")[-3]
    document["spec"]["nonsense"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSION, strict=True)


def test_every_service_is_deployed_with_all_that_belongs_to_it() -> None:
    documents = built(K8S / "overlays" / "cpu")
    for kind in ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"):
        assert sorted(d["metadata"]["name"] for d in documents if d["kind"] == kind) == sorted([*FOLDERS, "gateway"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_have_no_rights_and_may_be_watched(overlay: str) -> None:
    for document in built(K8S / "overlays" / overlay):
        for container in containers(document):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert {"/data", "/tmp"} <= mounted, "the rest is read-only"
        if document["kind"] in ("Deployment", "StatefulSet"):
            pod = document["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert {"startupProbe", "livenessProbe", "readinessProbe", "resources"} <= set(pod["containers"][0])
            grace, drain = pod["terminationGracePeriodSeconds"], 45
            assert grace > drain, "SIGKILL comes after the drain"


def test_configuration_is_what_the_settings_read() -> None:
    documents = built(K8S / "base")
    data = next(d for d in documents if d["kind"] == "ConfigMap")["data"]
    fields = {f"NONET_{name.upper()}" for name in Settings.model_fields}
    assert set(data) <= fields
    assert sorted(json.loads(data["NONET_UPSTREAMS"])) == FOLDERS
    services = {d["metadata"]["name"]: d["spec"] for d in documents if d["kind"] == "Service"}
    for name, address in json.loads(data["NONET_UPSTREAMS"]).items():
        assert address == f"dns:///{name}:{manifests.GRPC_PORT}"
        assert services[name]["clusterIP"] == "None", "one address would be one replica"
    example = (K8S / "overlays" / "cpu" / "secrets.example.env").read_text().splitlines()
    assert {line.partition("=")[0] for line in example} - {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= fields


def test_gpus_go_to_services_that_ask_for_them() -> None:
    documents = {(d["kind"], d["metadata"]["name"]): d for d in built(K8S / "overlays" / "gpu")}
    vision = containers(documents["Deployment", "vision"])[0]
    assert vision["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert vision["resources"]["requests"]["memory"], "the patch adds, it does not replace"
    assert vision["image"].endswith("-cuda")
    assert "nvidia.com/gpu" not in containers(documents["Deployment", "orchestration"])[0]["resources"]["limits"]


def test_files_are_those_of_the_table() -> None:
    for path, text in manifests.files().items():
        assert path.read_text() == text, "run python -m tools.manifests"
