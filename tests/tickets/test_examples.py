"""The tickets of the demo and of docs/tickets.md are what they say they are."""

import json
import re
from pathlib import Path

import pytest

from efface.data.manifest import read_manifest
from efface.settings import read_settings
from efface.storage import open_store
from efface.telemetry import RunNumbers, to_registry
from efface.tickets.matching import match_tickets
from efface.tickets.states import OPENDSR_STATUS
from efface.tickets.ticket import parse_ticket

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "fashion"
PAGE = (ROOT / "docs" / "tickets.md").read_text()


@pytest.mark.parametrize(
    ("name", "subjects"), [("brand-owner", range(6, 9)), ("one-subject", range(1, 2))]
)
def test_the_demos_tickets_mean_images_of_the_demo(name: str, subjects: range) -> None:
    ticket = parse_ticket((EXAMPLES / "tickets" / f"{name}.json").read_bytes())
    manifest = read_manifest(open_store(str(EXAMPLES / "data")))
    found = match_tickets([ticket], manifest, b"key")[ticket.ticket_id]
    assert found.identities_without_data == 0
    assert found.samples.num_rows >= 100
    assert len(found.subjects) in subjects


def test_the_ticket_on_the_page_is_the_demos() -> None:
    [shown] = re.findall(r"```json\n(\{\n.*?)```", PAGE, re.DOTALL)
    assert json.loads(shown) == json.loads((EXAMPLES / "tickets/one-subject.json").read_text())


def test_every_field_state_and_setting_is_on_the_page() -> None:
    schema = json.loads((ROOT / "src/efface/tickets/ticket.schema.json").read_text())
    code = (ROOT / "src/efface/settings.py").read_text()
    words = [*schema["properties"], *OPENDSR_STATUS]
    assert [word for word in words if f"`{word}`" not in PAGE] == []
    settings = set(re.findall(r"EFFACE_[A-Z_]+", code))
    pages = PAGE + (ROOT / "docs" / "cluster.md").read_text()  # EFFACE_KFP_... is told there
    assert [name for name in settings if f"`{name}`" not in pages] == []
    assert read_settings({}).lease.total_seconds() == 24 * 3600


def test_every_metric_is_in_the_list_at_the_head_of_telemetry() -> None:
    head = (ROOT / "src/efface/telemetry.py").read_text().split('"""')[1]
    numbers = RunNumbers(
        tickets={"completed": 1}, verdict="passed", purged_bytes=0, not_purged=0, success=True, at=1
    )
    names = [metric.name for metric in to_registry(numbers).collect()]
    assert [name for name in names if name not in head] == []
