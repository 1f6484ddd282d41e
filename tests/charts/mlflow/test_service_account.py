from tests.charts.rendering import VALUES, named, settings


def test_the_account_can_stand_for_an_identity_of_the_cloud():
    account = named("ServiceAccount", "efface-mlflow", *VALUES["everything"])
    assert list(account["metadata"]["annotations"]) == ["eks.amazonaws.com/role-arn"]


def test_it_stands_for_none_by_itself():
    account = named("ServiceAccount", "efface-mlflow", *settings("mlflow.enabled=true"))
    assert "annotations" not in account["metadata"]
