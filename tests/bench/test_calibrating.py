import json

import pytest
import yaml

from efface.bench.calibrating import ONE_LEFT, calibrate, conclude
from efface.bench.calibration_page import write_calibration
from efface.bench.cell import Bench
from efface.bench.plan import read_plan
from efface.cli import main
from efface.errors import ConfigError
from efface.gate.reading import read_policy
from tests.bench.tiny_plan import write_plan
from tests.gate.reports import changes, good_others, policy, report_of
from tests.given import put_ticket

METHODS = {
    "original": {"name": "original"},
    "retain-only": {"name": "retain-only", "steps": 2},
    "max-loss": {"name": "max-loss", "steps": 2},
    "i2i": {"steps": 4, "batch_size": 4},
}


def bench(folder, **changed):
    path = write_plan(folder, **{"methods": METHODS, "quick": {}, **changed})
    (ticket,) = (folder / "tickets").glob("*.json")
    ticket.unlink()
    put_ticket(folder / "tickets", "t-1", "stripes-0", "stripes-1")
    return Bench(read_plan(path), folder / "work", quick=False)


def test_rules_that_nothing_is_measured_for_here_are_left_out(tmp_path):
    made = bench(tmp_path)
    content = yaml.safe_load((tmp_path / "policy.yaml").read_text())
    content["audit"] = {"attacks": ["relearning"]}
    content["rules"] |= {"relearning": {}, "held-out-masks": {"minimum_rise": 0.1}}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(content))
    rules = read_policy(made.policy()).rules
    assert "retain-fid" in rules and not rules.keys() & {"relearning", "held-out-masks"}


def test_every_kind_is_run_for_every_seed(tmp_path):
    found = calibrate(bench(tmp_path), range(4), "i2i")
    kinds = ["i2i", "original", "retain-only", "max-loss", ONE_LEFT]
    assert list(found.present) == kinds
    assert [found.present[kind].n for kind in kinds] == [4] * 5
    assert [found.moved[kind].n for kind in kinds] == [2] * 5
    assert found.present["original"].count == 0
    assert all(len(one.good) == 4 for one in found.suggestions)
    assert all(len(values) == 4 for one in found.suggestions for values in one.bad.values())


def runs(good, bad, count=6):
    def some(mean):
        return [report_of(changes(mean, seed=s), good_others()) for s in range(count)]

    kinds = ("original", "retain-only", "max-loss", ONE_LEFT)
    return {"i2i": some(good), **{kind: some(bad) for kind in kinds}}


def test_the_page_says_how_often_and_where(tmp_path):
    found = conclude(policy(), runs(good=0.3, bad=0.0), "i2i", range(20, 26))
    paths = write_calibration(
        found,
        tmp_path,
        file="calibration",
        command="efface gate calibrate --plan p.yaml",
        trained="float32 on cpu",
    )
    content = json.loads(paths[0].read_text())
    assert content["seeds"] == [20, 21, 22, 23, 24, 25]
    assert content["pass_rates"]["present"]["i2i"]["count"] == 6
    assert content["pass_rates"]["moved"]["original"] == {
        "count": 0, "n": 3, "low": 0.0, "high": pytest.approx(0.7076, abs=1e-4),
    }  # fmt: skip
    text = paths[1].read_text()
    assert "Command: `efface gate calibrate --plan p.yaml`. Seeds 20 to 25;" in text
    assert "Trained in float32 on cpu." in text and content["trained"] == "float32 on cpu"
    assert "i2i should pass. All others should not; original, the model in service" in text
    assert "over trainings, not over\ndatasets" in text
    assert "| i2i | 6 of 6 [54%, 100%] | 3 of 3 [29%, 100%] |" in text
    assert "| forget-distance-rises | minimum_rise | 0.05 | 0.1" in text


@pytest.mark.parametrize(
    ("methods", "seeds", "good", "message"),
    [
        ({"i2i": {}}, range(20), "i2i", "no method max-loss, original, retain-only"),
        (METHODS, range(20), "i3i", "no method i3i: add it .it has original; "),
        (METHODS, range(20), "max-loss", "max-loss is what the gate should block"),
        (
            {**METHODS, "ok": {"name": "original"}},
            range(20),
            "ok",
            "ok, which is original, is what the gate should block",
        ),
        (METHODS, range(3), "i2i", "3 seeds: at least 4"),
        (METHODS, range(2**65), "i2i", "36893488147419103232 seeds: .* at most 1000000"),
        (METHODS, range(2**65, 2**65 + 4), "i2i", "use at most 9223372036854775804"),
        (METHODS, range(-3, 5), "i2i", "a first seed of -3: seeds start at 0"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(tmp_path, methods, seeds, good, message):
    with pytest.raises(ConfigError, match=message):
        calibrate(bench(tmp_path, methods=methods), seeds, good)


@pytest.mark.parametrize("content", ["[1]", "{", '{"subject_identities": []}'])
def test_a_malformed_ticket_is_refused_when_the_plan_is_read(tmp_path, capsys, content):
    path = write_plan(tmp_path, methods=METHODS)
    (ticket,) = (tmp_path / "tickets").glob("*.json")
    ticket.write_text(content)
    places = ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    assert main(["gate", "calibrate", "--plan", str(path), *places]) == 2
    assert f"efface gate calibrate: ticket {ticket}: " in capsys.readouterr().err


def test_a_ticket_of_one_subject_cannot_leave_one_out(tmp_path):
    path = write_plan(tmp_path, methods=METHODS)
    with pytest.raises(ConfigError, match="has 1 subjects: at least 2"):
        calibrate(Bench(read_plan(path), tmp_path / "work", quick=False), range(4), "i2i")
