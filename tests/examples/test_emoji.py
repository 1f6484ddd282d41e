"""What the emoji example makes of Unicode's list; font and list are not needed here."""

import json
from pathlib import Path

from examples.emoji.make_data import read_list

TICKETS = Path(__file__).parents[2] / "examples" / "emoji" / "tickets"
LIST = """\
# group: People & Body
# subgroup: family
1F468 1F3FD 200D 1F692   ; fully-qualified     # X E4.0 man firefighter: medium skin tone
1F469 200D 1F692         ; fully-qualified     # X E4.0 woman firefighter
1F469 200D 1F692         ; minimally-qualified # X E4.0 woman firefighter
1F48F 1F3FB              ; fully-qualified     # X E13.1 kiss: light skin tone
# group: Flags
1F1E8 1F1ED              ; fully-qualified     # X E2.0 flag: Switzerland
"""


def test_genders_and_skin_tones_of_an_emoji_are_one_subject(tmp_path):
    (tmp_path / "list").write_text(LIST)
    found = list(read_list(tmp_path / "list"))
    assert [(one.group, one.subject) for one in found] == [
        ("people-body", "firefighter"),
        ("people-body", "firefighter"),
        ("people-body", "kiss"),
        ("flags", "flag: Switzerland"),
    ]
    assert found[0].code == "1f468-1f3fd-200d-1f692"
    assert {one.split for one in found} <= {"train", "holdout", "control"}


def test_the_tickets_name_what_the_list_has(tmp_path):
    (tmp_path / "list").write_text(LIST)
    known = {name for one in read_list(tmp_path / "list") for name in (one.group, one.subject)}
    for path in TICKETS.glob("*.json"):
        (identity,) = json.loads(path.read_text())["subject_identities"]
        assert identity["identity_value"] in known
