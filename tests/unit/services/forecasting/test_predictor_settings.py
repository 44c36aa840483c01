from __future__ import annotations

import json
from typing import Any

import pytest

from services.forecasting import domains
from services.forecasting import predictor_settings as checks
from services.forecasting.predictor_settings import PredictorSettings
from shared import errors


def settings(**changes: Any) -> PredictorSettings:
    values: dict[str, Any] = {"auto": True, "horizon": 10, "frequency": "D", "types": ("0.9", "mean", "0.10"),
                              "dimensions": ("store",), "metric": "WAPE", "windows": 2, "offset": 12}  # fmt: skip
    return PredictorSettings(**{**values, **changes})


def test_settings_survive_json() -> None:
    before = settings(transformations={"target_value": {"aggregation": "avg"}}, boundary=(0, 6, 0))
    assert PredictorSettings.of_json(json.loads(json.dumps(before.as_json()))) == before


def test_more_windows_than_asked_for_serve_the_choice() -> None:
    assert settings().cuts(1000, 200) == (12, 22, 32)
    assert settings().cuts(10, 200) == (12, 22, 32, 42)
    assert settings(algorithm="ETS").cuts(10, 200) == (12, 22, 32)


def test_windows_that_no_series_reaches_are_left_out() -> None:
    assert settings().cuts(10, 43) == (12, 22, 32)
    assert settings().cuts(10, 42) == (12, 22)
    assert settings().cuts(10, 15) == (12,)


def test_quantiles_are_sorted_and_without_the_mean() -> None:
    assert settings().quantiles == (0.1, 0.9)
    assert settings(types=("mean",)).quantiles == (0.1, 0.5, 0.9)


@pytest.mark.parametrize("horizon", [0, -1, 501])
def test_horizons_beyond_the_limit(horizon: int) -> None:
    with pytest.raises(errors.InvalidArgument, match="1 to 500"):
        checks.check_horizon(horizon)


@pytest.mark.parametrize(("asked", "data"), [("H", "D"), ("15min", "30min"), ("W", "M"), ("D", "2D")])
def test_forecasts_are_not_finer_than_the_data(asked: str, data: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="finer"):
        checks.check_frequency(asked, data)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"price": {"middlefill": "zero"}}, "no dataset|No dataset"),
        ({"target_value": {"futurefill": "zero"}}, "no transformation"),
        ({"target_value": {"middlefill": "often"}}, "one of"),
        ({"target_value": {"middlefill": "value"}}, "middlefill_value"),
        ({"target_value": {"middlefill": "value", "middlefill_value": "x"}}, "number"),
        ({"rain": {"middlefill": "nan"}}, "one of"),
    ],
)
def test_transformations_that_are_refused(rules: dict[str, dict[str, str]], words: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=words):
        checks.check_transformations(rules, "target_value", ["rain"])


def test_holidays_take_a_country_and_weather_is_not_here() -> None:
    assert checks.check_additional([("holiday", {"CountryCode": ["de"]})]) == "DE"
    with pytest.raises(errors.InvalidArgument):
        checks.check_additional([("holiday", {"CountryCode": ["de", "fr"]})])
    with pytest.raises(errors.Unimplemented):
        checks.check_additional([("weather", {})])


def test_algorithms_are_known_or_not() -> None:
    for name in ("ETS", "ARIMA", "NPTS", "Prophet", "Deep_AR_Plus", "CNN-QR"):
        assert checks.check_algorithm(f"arn:aws:forecast:::algorithm/{name}") == name
    with pytest.raises(errors.InvalidArgument):
        checks.check_algorithm("arn:aws:forecast:::algorithm/Oracle")


@pytest.mark.parametrize("domain", domains.DOMAINS)
def test_the_least_schema_of_each_domain_is_taken(domain: str) -> None:
    names = domains.DOMAINS[domain]
    schema = [(names.item, "string"), ("timestamp", "timestamp"), (names.target, "integer")]
    domains.check_schema(domain, domains.TARGET, schema)
    required = {column.name for column in domains.columns(domain, domains.TARGET, schema) if column.required}
    assert required == {names.item, "timestamp"}
    for missing in range(3):
        with pytest.raises(errors.InvalidArgument):
            domains.check_schema(domain, domains.TARGET, schema[:missing] + schema[missing + 1 :])
