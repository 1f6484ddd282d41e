from tests.charts.rendering import VALUES, named, of_kind, refusal, settings


def test_the_key_comes_from_the_store_and_outlives_the_object():
    spec = named("ExternalSecret", "efface", *VALUES["everything"])["spec"]
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "vault"}
    assert spec["data"] == [
        {"secretKey": "subject-key", "remoteRef": {"key": "efface/subject-key"}}
    ]
    assert spec["target"] == {"creationPolicy": "Orphan", "deletionPolicy": "Retain"}


def test_the_access_key_is_copied_whole():
    spec = named("ExternalSecret", "efface-storage", *VALUES["everything"])["spec"]
    assert spec["dataFrom"] == [{"extract": {"key": "efface/storage"}}]


def test_there_are_none_unless_asked_for():
    assert of_kind("ExternalSecret") == []


def test_a_store_without_a_name_is_refused():
    assert "set subjectKey.store" in refusal(*settings("subjectKey.source=external"))
    assert "set storage.store" in refusal(*settings("storage.credentials=external"))
