"""The queues that several teams share, and the chart's own end of them."""

from pathlib import Path

import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from tests.charts.rendering import of_kind, settings

FOLDER = Path(__file__).parents[2] / "infra" / "kueue"
FILES = sorted(FOLDER.glob("*.yaml"))
STYLE = YamlLintConfig(
    "{extends: default, rules: {line-length: {max: 110}, document-start: disable}}"
)


def of(name: str) -> list[dict]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def quotas() -> dict[str, dict[str, str]]:
    """Flavor -> resource -> quota."""
    (queue,) = of("cluster-queue.yaml")
    (group,) = queue["spec"]["resourceGroups"]
    return {
        flavor["name"]: {one["name"]: one["nominalQuota"] for one in flavor["resources"]}
        for flavor in group["flavors"]
    }


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_the_files_are_tidy_yaml(file):
    assert [str(problem) for problem in linter.run(file.read_text(), STYLE)] == []


def test_every_flavor_of_the_queue_is_there():
    made = [one["metadata"]["name"] for one in of("resource-flavors.yaml")]
    assert list(quotas()) == made


def test_every_flavor_has_a_quota_of_each_covered_resource_in_their_order():
    (queue,) = of("cluster-queue.yaml")
    covered = queue["spec"]["resourceGroups"][0]["coveredResources"]
    assert [list(one) for one in quotas().values()] == [covered, covered]


def test_tasks_without_gpus_are_kept_off_gpu_nodes_while_there_is_room():
    first, second = quotas().values()
    assert first["nvidia.com/gpu"] == "0"
    assert int(second["nvidia.com/gpu"]) > 0


def test_the_pipelines_pods_tolerate_what_gpu_nodes_are_tainted_with():
    compiled = (FOLDER.parents[1] / "pipelines" / "compiled" / "unlearn.yaml").read_text()
    (taint,) = of("resource-flavors.yaml")[1]["spec"]["nodeTaints"]
    assert f"key: {taint['key']}" in compiled
    assert f"effect: {taint['effect']}" in compiled


def test_the_queue_of_the_chart_is_the_one_of_this_folder():
    (here,) = of("local-queue.yaml")
    (chart,) = of_kind("LocalQueue", *settings("kueue.enabled=true"))
    for name in ("apiVersion", "kind", "spec"):
        assert here[name] == chart[name]
    for name in ("name", "namespace"):
        assert here["metadata"][name] == chart["metadata"][name]


def test_the_queue_belongs_to_the_cluster_queue_of_this_folder():
    (queue,) = of("cluster-queue.yaml")
    (local,) = of("local-queue.yaml")
    assert local["spec"]["clusterQueue"] == queue["metadata"]["name"]
    allowed = queue["spec"]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert local["metadata"]["namespace"] == allowed
