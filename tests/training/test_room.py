import torch

from efface.training.group import Group
from efface.training.room import Room


def test_a_tensor_in_a_file_has_no_name_and_holds_what_is_written(tmp_path):
    tensor = Room(scratch=tmp_path).make((3, 4), memory=False)
    tensor[1] = 5.0
    assert list(tmp_path.iterdir()) == []
    assert tensor.shape == (3, 4)
    assert float(tensor[1].sum()) == 20.0


def test_a_room_keeps_the_type_it_was_asked_for(tmp_path):
    for memory in (True, False):
        assert Room(scratch=tmp_path).make((2,), dtype=torch.uint8, memory=memory).dtype is (
            torch.uint8
        )


def test_the_processes_of_a_node_fill_every_row_once(tmp_path):
    groups = [Group(rank=r, size=3, local_rank=r, local_size=3) for r in range(3)]
    rooms = [Room(scratch=tmp_path, group=group) for group in groups]
    parts = [torch.cat(list(room.mine(torch.arange(20), 3))) for room in rooms]
    assert sorted(torch.cat(parts).tolist()) == list(range(20))
    assert all(len(part) for part in parts)
