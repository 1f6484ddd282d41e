import multiprocessing
import time

import pytest

from efface.bench.keeping import make_folder


def slowly(folder):
    def make(temporary):
        time.sleep(0.2)
        with (folder.parent / "made").open("a") as stream:
            stream.write("x")
        (temporary / "a").write_text("whole")

    make_folder(folder, make)
    assert (folder / "a").read_text() == "whole"


def test_of_several_processes_one_makes_and_the_others_wait(tmp_path):
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=slowly, args=(tmp_path / "cell",)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert (tmp_path / "made").read_text() == "x"


def test_what_fails_leaves_nothing_and_is_tried_again(tmp_path):
    def fails(temporary):
        (temporary / "half").write_text("")
        raise ValueError

    with pytest.raises(ValueError):
        make_folder(tmp_path / "cell", fails)
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]
    slowly(tmp_path / "cell")


def test_what_a_killed_process_left_is_no_part_of_the_next(tmp_path):
    (tmp_path / ".cell").mkdir()
    (tmp_path / ".cell" / "half").write_text("")
    slowly(tmp_path / "cell")
    assert [path.name for path in (tmp_path / "cell").iterdir()] == ["a"]
