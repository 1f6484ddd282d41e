import json

from efface.bench.table import Row, Table, to_markdown, write_table
from efface.evaluation.report import Score


def score(value, metric="fid", n=50):
    return Score(
        metric=metric, set="holdout", mask="centre:2x2", region="hole", side="after", n=n,
        clusters=5, value=value, standard_error=0.1, degrees=4.0, low=value - 0.2,
        high=value + 0.2, recipe="r",
    )  # fmt: skip


ROWS = [
    Row(group="mae", label="original", scores={"retain FID": score(11.0)}),
    Row(group="mae", label="i2i", scores={"retain FID": score(11.5)}, seconds=40.0),
    Row(group="vqgan", label="i2i", scores={"forget distance": score(0.5, n=7)}, more={"x": 1.0}),
]
TABLE = Table(title="Side by side", about=["Command: one."], rows=ROWS)


def test_each_group_has_the_columns_it_has_scores_for():
    text = to_markdown(TABLE)
    assert "| original | 11.00 ± 0.200 | – |" in text
    assert "| i2i | 11.50 ± 0.200 | 40.00 |" in text
    assert "|  | forget distance | x |" in text
    assert "n: forget distance 7." in text


def test_the_json_holds_every_number(tmp_path):
    paths = write_table(TABLE, tmp_path, "methods")
    assert [path.name for path in paths] == ["methods.json", "methods.md"]
    content = json.loads(paths[0].read_text())
    assert content["rows"][1]["scores"]["retain FID"]["low"] == 11.3
    assert content["rows"][1]["seconds"] == 40.0
