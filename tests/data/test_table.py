import os
from pathlib import Path

import pytest

from efface.data.table import read_table
from efface.errors import DataError

HEADER = "sample,subject,rights_holder,split\n"


def put(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_lines_are_sorted_and_keep_their_numbers(tmp_path: Path) -> None:
    text = HEADER + "b.jpg,ben,,train\n\na.jpg,anna,studio,holdout\n"
    lines = read_table(put(tmp_path, text))
    assert [(line.sample, line.number) for line in lines] == [("a.jpg", 4), ("b.jpg", 2)]
    assert lines[0].rights_holder == "studio"


def test_columns_may_come_in_any_order_and_from_a_spreadsheet(tmp_path: Path) -> None:
    text = '\ufeffSplit,Sample,Subject,Rights_holder\r\ntrain,"a,b.jpg",anna,\r\n'
    line = read_table(put(tmp_path, text))[0]
    assert (line.sample, line.subject, line.split) == ("a,b.jpg", "anna", "train")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no image"),
        (HEADER, "names no image"),
        ("file,who\na,b\n", "its first line must be sample,subject,rights_holder,split"),
        (HEADER + "a.jpg,anna,,test\n", "line 2: split 'test' unknown, use one of train"),
        (HEADER + "a.jpg,anna,train\n", "line 2: 3 fields instead of 4"),
        (HEADER + "a.jpg,,,train\n", "line 2: sample and subject must not be empty"),
        (HEADER + "a.jpg,anna ,,train\n", "line 2: subject 'anna ' begins or ends with a blank"),
        (HEADER + "a.jpg,anna,Zoe\u0308,train\n", "line 2: rights_holder .* NFC"),
        (HEADER + "../a.jpg,anna,,train\n", "line 2: sample .* without"),
        (HEADER + "/a.jpg,anna,,train\n", "line 2: sample .* below the source"),
        (
            HEADER + "a,x,,train\nb,x,,train\na,y,,train\n",
            "line 4: sample 'a' is already",
        ),
        (HEADER + 'a,"x"y,,train\n', "line 2: not CSV"),
        (HEADER.encode() + b"a,J\xf6rg,,train\n", "is not UTF-8"),
    ],
    ids=[
        "empty",
        "no lines",
        "header",
        "split",
        "fields",
        "subject",
        "blank",
        "form",
        "upwards",
        "absolute",
        "twice",
        "quotes",
        "latin-1",
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_table(put(tmp_path, text))


def test_many_wrong_lines_are_counted(tmp_path: Path) -> None:
    text = HEADER + "".join(f"{n}.jpg,anna,,no\n" for n in range(30))
    with pytest.raises(DataError, match=r"has 30 wrong lines(.|\n)*and 20 more"):
        read_table(put(tmp_path, text))


def test_an_absent_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "none.csv")


def test_a_pipe_is_no_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "table.csv")
    with pytest.raises(DataError, match=r"table .*table\.csv is a pipe or a device"):
        read_table(tmp_path / "table.csv")
