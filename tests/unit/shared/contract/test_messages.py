from __future__ import annotations

from nonet.forecasting.v1 import forecasting_pb2 as forecasting
from nonet.personalization.v1 import personalization_pb2 as personalization
from shared.contract.messages import copy_members


def test_a_summary_takes_the_members_that_both_have() -> None:
    described = forecasting.DescribeDatasetResponse(
        dataset_arn="arn:1", dataset_name="sales", domain="RETAIL", data_frequency="D"
    )
    described.creation_time.FromMilliseconds(1500)
    summary = copy_members(described, forecasting.DatasetSummary(dataset_type="TARGET_TIME_SERIES"))
    assert (summary.dataset_arn, summary.dataset_name, summary.domain) == ("arn:1", "sales", "RETAIL")
    assert summary.creation_time.ToMilliseconds() == 1500
    assert summary.dataset_type == "TARGET_TIME_SERIES", "what the source does not have stays"
    assert not summary.HasField("last_modification_time")


def test_what_is_set_to_nothing_is_copied_too() -> None:
    solution = personalization.Solution(name="s", recipe_arn="")
    summary = copy_members(solution, personalization.SolutionSummary(recipe_arn="before"))
    assert summary.HasField("recipe_arn") and summary.recipe_arn == ""


def test_lists_are_replaced_by_copies() -> None:
    source = forecasting.DescribeDatasetGroupResponse(dataset_arns=["a", "b"])
    target = copy_members(source, forecasting.UpdateDatasetGroupRequest(dataset_arns=["c"]))
    assert list(target.dataset_arns) == ["a", "b"]
    source.dataset_arns.append("d")
    assert list(target.dataset_arns) == ["a", "b"]
