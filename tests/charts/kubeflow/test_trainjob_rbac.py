from tests.charts.rendering import named, of_kind, settings


def test_the_launcher_may_do_what_it_does_and_no_more():
    rules = named("Role", "efface-trainjobs")["rules"]
    found = {(r["apiGroups"][0], r["resources"][0]): set(r["verbs"]) for r in rules}
    assert [len(rule["apiGroups"] + rule["resources"]) for rule in rules] == [2] * 4
    assert found == {
        ("trainer.kubeflow.org", "trainjobs"): {"create", "delete", "get", "list", "watch"},
        ("", "pods"): {"get", "list"},
        ("", "pods/log"): {"get"},
        ("", "events"): {"list"},
    }


def test_the_rights_go_to_the_pods_account_in_its_namespace_only():
    given = settings("kubeflow.namespace=team", "kubeflow.serviceAccount=default-editor")
    binding = named("RoleBinding", "efface-trainjobs", *given)
    assert binding["metadata"]["namespace"] == "team"
    assert binding["roleRef"]["kind"] == "Role"
    account = {"kind": "ServiceAccount", "name": "default-editor", "namespace": "team"}
    assert binding["subjects"] == [account]


def test_the_rights_can_be_left_out():
    given = settings("trainer.rbac=false")
    assert of_kind("Role", *given) + of_kind("RoleBinding", *given) == []
