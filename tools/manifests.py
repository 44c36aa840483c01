"""k8s/services.toml -> k8s/base/services/*.yaml: ``python -m tools.manifests [--check]``.

One file a service: Deployment, headless Service, HorizontalPodAutoscaler and PodDisruptionBudget. They are alike but
for the numbers of the table, and what is alike is written once, here.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

K8S = Path(__file__).resolve().parents[1] / "k8s"
HTTP_PORT, GRPC_PORT = 4567, 4568
#: The share of the processor that was asked for, and the items that wait a replica, at which another one is started.
CPU_PERCENT = 70
QUEUE_LENGTH = "8"


def labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "nonet"}


def deployment(name: str, row: dict[str, Any]) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/_nonet/ready", "port": "http"}, "periodSeconds": 5, "timeoutSeconds": 5}
    alive = {"httpGet": {"path": "/_nonet/live", "port": "http"}, "periodSeconds": 10, "timeoutSeconds": 5}
    container = {
        "name": "nonet",
        "image": f"nonet/{name}:latest",
        "ports": [{"name": "http", "containerPort": HTTP_PORT}, {"name": "grpc", "containerPort": GRPC_PORT}],
        "envFrom": [{"configMapRef": {"name": "nonet"}}, {"secretRef": {"name": "nonet"}}],
        "resources": {
            "requests": {"cpu": row["cpu"], "memory": row["memory"]},
            "limits": {"memory": row["memory"]},
        },
        "startupProbe": {**alive, "periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": alive,
        "readinessProbe": {**probe, "failureThreshold": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "models", "mountPath": "/data/models", "subPath": "models", "readOnly": True},
            {"name": "models", "mountPath": "/data/engines", "subPath": "engines", "readOnly": True},
            {"name": "temporary", "mountPath": "/tmp"},
            {"name": "principals", "mountPath": "/etc/nonet", "readOnly": True},
        ],
    }
    pod = {
        "automountServiceAccountToken": False,
        # Ready goes out first, then the running calls get NONET_DRAIN_SECONDS.
        "terminationGracePeriodSeconds": 60,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "data", "emptyDir": {}},
            {"name": "temporary", "emptyDir": {}},
            {"name": "models", "persistentVolumeClaim": {"claimName": "nonet-models"}},
            {"name": "principals", "secret": {"secretName": "nonet-principals"}},
        ],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
            }
        ],
    }
    scraped = {"scrape": "true", "port": str(HTTP_PORT), "path": "/_nonet/metrics"}
    annotations = {f"prometheus.io/{name}": value for name, value in scraped.items()}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": labels(name), "annotations": annotations}, "spec": pod},
        },
    }


def service(name: str) -> dict[str, Any]:
    # Callers spread calls over all replicas themselves (shared/rpc/upstream.py), so the name stands for every address.
    headless = {} if name == "gateway" else {"clusterIP": "None"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {
            **headless,
            "selector": {"app.kubernetes.io/name": name},
            "ports": [
                {"name": "http", "port": HTTP_PORT, "targetPort": "http"},
                {"name": "grpc", "port": GRPC_PORT, "targetPort": "grpc", "appProtocol": "kubernetes.io/h2c"},
            ],
        },
    }


def autoscaler(name: str, row: dict[str, Any]) -> dict[str, Any]:
    low, high = row["replicas"]
    target = {"type": "Utilization", "averageUtilization": CPU_PERCENT}
    metrics: list[dict[str, Any]] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if row.get("scale") == "queue":
        target = {"type": "AverageValue", "averageValue": QUEUE_LENGTH}
        metrics.append({"type": "Pods", "pods": {"metric": {"name": "nonet_queue_length"}, "target": target}})
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": low,
            "maxReplicas": high,
            "metrics": metrics,
        },
    }


def disruption_budget(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "labels": labels(name)},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": name}}},
    }


def table() -> dict[str, dict[str, Any]]:
    return tomllib.loads((K8S / "services.toml").read_text())


def files() -> dict[Path, str]:
    """Path -> text of every file that the table makes."""
    written: dict[Path, str] = {}
    for name, row in table().items():
        documents = [deployment(name, row), service(name), autoscaler(name, row), disruption_budget(name)]
        text = yaml.safe_dump_all(documents, sort_keys=False, width=120)
        written[K8S / "base" / "services" / f"{name}.yaml"] = f"# Made by `python -m tools.manifests`.\n{text}"
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [path.name for path in written],
    }
    text = yaml.safe_dump(kustomization, sort_keys=False)
    written[K8S / "base" / "services" / "kustomization.yaml"] = f"# Made by `python -m tools.manifests`.\n{text}"
    return written


def main() -> int:
    check = sys.argv[1:] == ["--check"]
    wanted = files()
    stale = {path for path, text in wanted.items() if not path.is_file() or path.read_text() != text}
    stale |= set((K8S / "base" / "services").glob("*.yaml")) - set(wanted)
    for path in sorted(stale):
        if check:
            print(f"{path.relative_to(K8S.parent)} is not what k8s/services.toml says: run python -m tools.manifests")
        elif path in wanted:
            path.write_text(wanted[path])
        else:
            path.unlink()
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
