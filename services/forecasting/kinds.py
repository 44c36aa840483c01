"""The resources of this service and their ARNs, as Amazon Forecast spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.storage.resources import ResourceKind

DATASET_GROUP: Final = ResourceKind("forecast.dataset-group", "forecast", "dataset-group/{name}")
DATASET: Final = ResourceKind("forecast.dataset", "forecast", "dataset/{name}")
#: Parent: the dataset's name.
IMPORT_JOB: Final = ResourceKind("forecast.dataset-import-job", "forecast", "dataset-import-job/{parent}/{name}")
PREDICTOR: Final = ResourceKind("forecast.predictor", "forecast", "predictor/{name}")
FORECAST: Final = ResourceKind("forecast.forecast", "forecast", "forecast/{name}")
#: Parent: the forecast's name.
EXPORT_JOB: Final = ResourceKind("forecast.forecast-export-job", "forecast", "forecast-export-job/{parent}/{name}")

#: Kinds by the first word of their ARNs' last part.
BY_WORD: Final[Mapping[str, ResourceKind]] = {
    kind.resource.partition("/")[0]: kind
    for kind in (DATASET_GROUP, DATASET, IMPORT_JOB, PREDICTOR, FORECAST, EXPORT_JOB)
}
#: What messages call a resource of a kind.
NOUNS: Final[Mapping[str, str]] = {
    kind.name: kind.name.removeprefix("forecast.").replace("-", " ") for kind in BY_WORD.values()
}

#: Jobs in the queue that make a resource of a kind.
QUEUES: Final[Mapping[str, str]] = {
    IMPORT_JOB.name: "forecasting.dataset-import",
    PREDICTOR.name: "forecasting.predictor",
    FORECAST.name: "forecasting.forecast",
    EXPORT_JOB.name: "forecasting.forecast-export",
}

PENDING, IN_PROGRESS, ACTIVE = "CREATE_PENDING", "CREATE_IN_PROGRESS", "ACTIVE"
FAILED, STOPPING, STOPPED = "CREATE_FAILED", "CREATE_STOPPING", "CREATE_STOPPED"
OPEN: Final = frozenset({PENDING, IN_PROGRESS, STOPPING})


def kind_of(arn: str) -> ResourceKind | None:
    """The kind of an ARN's resource; None for one that is none of ours."""
    parts = arn.split(":", 5)
    return BY_WORD.get(parts[5].partition("/")[0]) if len(parts) == 6 and parts[2] == "forecast" else None
