from efface.cluster.node_log import NodeLog


def test_each_line_comes_once_although_the_log_is_read_again():
    logs = iter(
        [
            "2026-11-01T02:00:00.1Z one\n2026-11-01T02:00:00.12Z two\n",
            "2026-11-01T02:00:00.12Z two\n2026-11-01T02:00:00.123456789Z three\n",
            "",
        ]
    )
    log = NodeLog(lambda since: next(logs))
    assert [log.new_lines() for _ in range(3)] == [["one", "two"], ["three"], []]


def test_the_first_look_asks_for_all_and_later_ones_for_the_last_seconds():
    asked = []

    def read(since):
        asked.append(since)
        return ""

    log = NodeLog(read)
    log.new_lines()
    log.new_lines()
    assert asked[0] is None
    assert 5 <= asked[1] <= 7
