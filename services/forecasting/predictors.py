"""Predictors: what is asked of them, their training, and their accuracy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nonet.forecasting.v1 import forecasting_pb2 as pb
from services.forecasting import domains
from services.forecasting import predictor_settings as checks
from services.forecasting.datasets import IMPORTS, TABLES, Dataset, Datasets, Group, attributes
from services.forecasting.engine_room import EngineRoom
from services.forecasting.kinds import DATASET_GROUP, PREDICTOR
from services.forecasting.predictor_settings import PredictorSettings
from services.forecasting.resource_store import MESSAGE, ForecastResources, Stored
from services.forecasting.sources import keep
from services.forecasting.tasks import ALGORITHMS, Choice, ChooseModels
from services.forecasting.training import training
from shared import errors
from shared.jobs.job import RunningJob
from shared.storage.objects import ObjectStore

#: Facts of a predictor: what it was asked for, its group's ARN, and the metrics of its windows.
SETTINGS, GROUP, WINDOWS = "settings", "group", "windows"

Predictor = Stored[pb.DescribePredictorResponse]
AutoPredictor = Stored[pb.DescribeAutoPredictorResponse]


def choice_key(predictor: Stored[Any]) -> str:
    """Where the choice of models lies in the service's bucket."""
    return f"predictors/{predictor.resource.id}/choice.json"


class Predictors:
    """Makes predictors and trains them."""

    def __init__(
        self, resources: ForecastResources, datasets: Datasets, objects: ObjectStore, engines: EngineRoom
    ) -> None:
        self._resources = resources
        self._datasets = datasets
        self._objects = objects
        self._engines = engines

    async def create_auto(self, account: str, request: pb.CreateAutoPredictorRequest) -> Stored[Any]:
        """Queue an AutoPredictor. Raises ``NotFound``, ``AlreadyExists``, ``InvalidArgument``, ``Unimplemented``,
        ``EngineNotInstalled``."""
        if request.explain_predictor:
            raise errors.Unimplemented("Explainability is not built in this version: leave ExplainPredictor out.")
        if request.HasField("monitor_config"):
            raise errors.Unimplemented("Predictor monitors are not built in this version: leave MonitorConfig out.")
        _no_keys(request.HasField("encryption_config"))
        self._engines.check()
        described = pb.DescribeAutoPredictorResponse(predictor_name=request.predictor_name)
        if request.reference_predictor_arn:
            settings, group = await self._reference(account, request, described)
        else:
            settings, group = await self._asked(account, request)
            described.data_config.CopyFrom(request.data_config)
        described.forecast_horizon, described.forecast_frequency = settings.horizon, settings.frequency
        described.forecast_types.extend(settings.types)
        described.forecast_dimensions.extend(settings.dimensions)
        described.optimization_metric = settings.metric
        if request.HasField("time_alignment_boundary"):
            described.time_alignment_boundary.CopyFrom(request.time_alignment_boundary)
        members = await self._trainable(account, group)
        described.dataset_import_job_arns.extend(members[domains.TARGET].facts[IMPORTS])
        return await self._create(account, described, settings, group, request.tags)

    async def _asked(
        self, account: str, request: pb.CreateAutoPredictorRequest
    ) -> tuple[PredictorSettings, Group]:
        wanted = ("forecast_horizon", "forecast_frequency", "data_config")
        if not all(map(request.HasField, wanted)):
            raise errors.InvalidArgument(
                "A new predictor needs ForecastHorizon, ForecastFrequency and DataConfig; only one made from a "
                "ReferencePredictorArn does without."
            )
        config = request.data_config
        group = await self._datasets.group(account, config.dataset_group_arn)
        members = await self._trainable(account, group)
        target = members[domains.TARGET]
        frequency = checks.check_frequency(request.forecast_frequency, target.described.data_frequency)
        horizon = checks.check_horizon(request.forecast_horizon)
        boundary = request.time_alignment_boundary
        settings = PredictorSettings(
            auto=True,
            horizon=horizon,
            frequency=request.forecast_frequency,
            types=checks.forecast_types(request.forecast_types, checks.DEFAULT_TYPES),
            dimensions=_dimensions(request.forecast_dimensions, target),
            metric=request.optimization_metric or checks.DEFAULT_METRIC,
            windows=1,
            offset=horizon,
            boundary=checks.check_boundary(
                frequency, boundary.month, boundary.day_of_month, boundary.day_of_week,
                boundary.hour if boundary.HasField("hour") else None,
            ),
            holidays=checks.check_additional(
                (one.name, {key: wrapped.values for key, wrapped in one.configuration.items()})
                for one in config.additional_datasets
            ),
            transformations=_transformations(
                {one.attribute_name: dict(one.transformations) for one in config.attribute_configs}, members
            ),
        )  # fmt: skip
        return settings, group

    async def _reference(
        self, account: str, request: pb.CreateAutoPredictorRequest, described: pb.DescribeAutoPredictorResponse
    ) -> tuple[PredictorSettings, Group]:
        """Settings of the predictor that is retrained; the request may not give others."""
        allowed = {"predictor_name", "reference_predictor_arn", "tags", "explain_predictor"}
        others = [one.json_name for one, _ in request.ListFields() if one.name not in allowed]
        if others:
            raise errors.InvalidArgument(f"With a ReferencePredictorArn, leave {', '.join(others)} out.")
        reference = await self.get(account, request.reference_predictor_arn)
        settings = PredictorSettings.of_json(reference.facts[SETTINGS])
        group = await self._datasets.group(account, reference.facts[GROUP])
        described.reference_predictor_summary.arn = reference.resource.arn
        described.reference_predictor_summary.state = "Active"
        if settings.auto:
            described.data_config.CopyFrom(reference.described.data_config)
        else:
            described.data_config.dataset_group_arn = group.resource.arn
        values = {**settings.as_json(), "auto": True, "algorithm": "", "windows": 1, "offset": settings.horizon}
        return PredictorSettings.of_json(values), group

    async def create_legacy(self, account: str, request: pb.CreatePredictorRequest) -> Stored[Any]:
        """Queue a predictor of one algorithm. Raises as ``create_auto``."""
        for name in ("perform_hpo", "hpo_config", "auto_ml_override_strategy"):
            if request.HasField(name) and getattr(request, name):
                raise errors.Unimplemented(f"{_member(request, name)} is not built in this version: leave it out.")
        if request.training_parameters:
            raise errors.Unimplemented("TrainingParameters are not built in this version: leave them out.")
        _no_keys(request.HasField("encryption_config"))
        if request.perform_auto_ml == bool(request.algorithm_arn):
            raise errors.InvalidArgument("Give either an AlgorithmArn or PerformAutoML.")
        algorithm = checks.check_algorithm(request.algorithm_arn) if request.algorithm_arn else ""
        self._engines.check(*([ALGORITHMS[algorithm].task] if algorithm else []))
        config, featurization = request.input_data_config, request.featurization_config
        group = await self._datasets.group(account, config.dataset_group_arn)
        members = await self._trainable(account, group)
        target = members[domains.TARGET]
        checks.check_frequency(featurization.forecast_frequency, target.described.data_frequency)
        horizon = checks.check_horizon(request.forecast_horizon)
        evaluation = request.evaluation_parameters
        windows, offset = checks.check_windows(
            evaluation.number_of_backtest_windows if evaluation.HasField("number_of_backtest_windows") else None,
            evaluation.back_test_window_offset if evaluation.HasField("back_test_window_offset") else None,
            horizon,
        )
        settings = PredictorSettings(
            auto=False,
            horizon=horizon,
            frequency=featurization.forecast_frequency,
            types=checks.forecast_types(request.forecast_types, checks.DEFAULT_TYPES),
            dimensions=_dimensions(featurization.forecast_dimensions, target),
            metric=request.optimization_metric or checks.DEFAULT_METRIC,
            windows=windows,
            offset=offset,
            algorithm=algorithm,
            holidays=checks.check_additional(
                (one.name, {"CountryCode": [one.value]}) for one in config.supplementary_features
            ),
            transformations=_transformations(
                {
                    one.attribute_name: dict(one.featurization_pipeline[0].featurization_method_parameters)
                    for one in featurization.featurizations
                    if one.featurization_pipeline
                },
                members,
            ),
        )
        described = pb.DescribePredictorResponse(
            predictor_name=request.predictor_name, algorithm_arn=request.algorithm_arn or None,
            forecast_horizon=horizon, forecast_types=settings.types, perform_auto_ml=request.perform_auto_ml,
            evaluation_parameters=pb.EvaluationParameters(
                number_of_backtest_windows=windows, back_test_window_offset=offset
            ),
            input_data_config=config, featurization_config=featurization, is_auto_predictor=False,
            optimization_metric=settings.metric, dataset_import_job_arns=target.facts[IMPORTS],
        )  # fmt: skip
        return await self._create(account, described, settings, group, request.tags)

    async def get(self, account: str, arn: str) -> Stored[Any]:
        """A predictor of either kind. Raises ``NotFound``."""
        return await self._resources.get(account, PREDICTOR, arn, pb.DescribePredictorResponse)

    async def train(self, running: RunningJob, stored: Stored[Any]) -> Stored[Any]:
        """Backtest the models, choose, measure. Raises ``InvalidArgument`` where the data are not enough."""
        settings = PredictorSettings.of_json(stored.facts[SETTINGS])
        group = await self._datasets.group(running.account, stored.facts[GROUP])
        members = await self._datasets.members(running.account, group)
        async with training(running, self._engines, self._objects, members, settings) as work:
            cuts = settings.cuts(work.report.count, work.report.longest)
            for number, cut in enumerate(cuts):
                share = 0.05 + 0.9 * number / len(cuts), 0.05 + 0.9 * (number + 1) / len(cuts)
                await work.fit(cut, settings.quantiles, share)
            choice: Choice = await work.engine.do(
                ChooseModels(
                    work.workspace, cuts, settings.quantiles, settings.metric,
                    min(settings.windows, max(1, len(cuts) - 1)),
                )
            )
            path = Path(work.workspace) / "choice.json"
            path.write_text(json.dumps({"weights": choice.weights, "others": choice.others}), encoding="utf-8")
            await keep(self._objects, running.account, choice_key(stored), path)
            remarks = " ".join(work.report.remarks)

        def finished(_: Any, facts: dict[str, Any]) -> str:
            facts[WINDOWS] = [asdict(window) for window in choice.windows]
            facts[MESSAGE] = remarks
            return "ACTIVE"

        return await self._resources.change(stored, PREDICTOR, finished)

    async def _create(
        self, account: str, described: Any, settings: PredictorSettings, group: Group, tags: Any
    ) -> Stored[Any]:
        facts = {SETTINGS: settings.as_json(), GROUP: group.resource.arn}
        created: Stored[Any] = await self._resources.create(
            account, PREDICTOR, described.predictor_name, described, facts, arn_field="predictor_arn",
            tags={tag.key: tag.value for tag in tags},
        )  # fmt: skip
        return created

    async def _trainable(self, account: str, group: Group) -> dict[str, Dataset]:
        """The group's datasets; one must be a target time series with an import."""
        assert group.resource.kind == DATASET_GROUP.name
        members = await self._datasets.members(account, group)
        if domains.TARGET not in members or not members[domains.TARGET].facts[TABLES]:
            raise errors.InvalidArgument(
                "The dataset group needs a TARGET_TIME_SERIES dataset with a finished import job."
            )
        return members


def accuracy(stored: Stored[Any]) -> pb.GetAccuracyMetricsResponse:
    """The metrics of an ACTIVE predictor."""
    settings = PredictorSettings.of_json(stored.facts[SETTINGS])
    windows = stored.facts[WINDOWS]
    summaries = []
    for place, window in enumerate(windows):
        summary = pb.WindowSummary(
            item_count=window["items"],
            evaluation_type="SUMMARY" if place == len(windows) - 1 else "COMPUTED",
            metrics=pb.Metrics(
                rmse=window["rmse"],
                average_weighted_quantile_loss=window["average_loss"],
                weighted_quantile_losses=[
                    pb.WeightedQuantileLoss(quantile=quantile, loss_value=loss) for quantile, loss in window["losses"]
                ],
                error_metrics=[_error_metric(kind, values) for kind, values in window["errors"]],
            ),
        )
        summary.test_window_start.FromJsonString(f"{window['start']}Z")
        summary.test_window_end.FromJsonString(f"{window['end']}Z")
        summaries.append(summary)
    algorithm = stored.described.algorithm_arn if not settings.auto else None
    return pb.GetAccuracyMetricsResponse(
        predictor_evaluation_results=[pb.EvaluationResult(algorithm_arn=algorithm or None, test_windows=summaries)],
        is_auto_predictor=settings.auto,
        optimization_metric=settings.metric,
    )


def _error_metric(kind: str, values: Mapping[str, float | None]) -> pb.ErrorMetric:
    return pb.ErrorMetric(
        forecast_type=kind, wape=values["WAPE"], rmse=values["RMSE"], mase=values["MASE"], mape=values["MAPE"]
    )


def _dimensions(given: Any, target: Dataset) -> tuple[str, ...]:
    return checks.check_dimensions(given, target.described.domain, (name for name, _ in attributes(target)))


def _transformations(given: dict[str, dict[str, str]], members: Mapping[str, Dataset]) -> dict[str, dict[str, str]]:
    target = members[domains.TARGET]
    domain = domains.DOMAINS[target.described.domain]
    related = [name for name, _ in attributes(members[domains.RELATED])] if domains.RELATED in members else []
    return checks.check_transformations(
        given, domain.target, (name for name in related if name not in (domain.item, domains.TIMESTAMP))
    )


def _member(request: Any, name: str) -> str:
    return str(request.DESCRIPTOR.fields_by_name[name].json_name)


def _no_keys(given: bool) -> None:
    if given:
        raise errors.InvalidArgument("There are no KMS keys here: leave EncryptionConfig out.")
