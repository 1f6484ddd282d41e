from xml.etree import ElementTree

from efface.evidence.plots import MOST, subjects_to_svg
from efface.evidence.tables import SubjectRow, subject_rows
from tests.finished_run import SUBJECTS, make_report


def rows() -> list[SubjectRow]:
    return subject_rows(make_report("1" * 64, "2" * 64, rise=0.3), "centre:2x2")


def test_the_plot_is_one_svg_element_that_names_every_subject():
    svg = subjects_to_svg(rows(), axis="CLIP distance", reference=0.4)
    texts = {element.text for element in ElementTree.fromstring(svg).iter() if element.text}
    assert {subject[:10] for subject in SUBJECTS} | {"CLIP distance", "never trained on"} <= texts


def test_colours_are_those_of_the_page():
    svg = subjects_to_svg(rows(), axis="d")
    assert "var(--after)" in svg
    assert "#0505" not in svg


def test_no_subjects_give_no_plot():
    assert subjects_to_svg([], axis="d") == ""


def test_of_very_many_subjects_the_least_forgotten_are_drawn():
    many = [row for row in rows() for _ in range(MOST)]
    svg = subjects_to_svg(many, axis="d")
    assert svg.count(SUBJECTS[0][:10]) + svg.count(SUBJECTS[1][:10]) == MOST
