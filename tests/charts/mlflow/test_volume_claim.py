from tests.charts.rendering import named, of_kind, pod_of, settings

ON = settings("mlflow.enabled=true")


def test_models_outlive_the_release():
    claim = named("PersistentVolumeClaim", "efface-mlflow", *ON)
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_the_cluster_chooses_the_class_unless_one_is_given():
    assert "storageClassName" not in named("PersistentVolumeClaim", "efface-mlflow", *ON)["spec"]
    given = settings("mlflow.persistence.storageClass=fast")
    spec = named("PersistentVolumeClaim", "efface-mlflow", *ON, *given)["spec"]
    assert spec["storageClassName"] == "fast"


def test_a_claim_that_is_there_is_used():
    given = settings("mlflow.persistence.existingClaim=models")
    assert of_kind("PersistentVolumeClaim", *ON, *given) == []
    (deployment,) = of_kind("Deployment", *ON, *given)
    (volume,) = (v for v in pod_of(deployment)["volumes"] if v["name"] == "data")
    assert volume["persistentVolumeClaim"] == {"claimName": "models"}
