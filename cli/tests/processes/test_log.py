from slipway_cli.processes.log import rotate, tail


def test_a_log_that_has_grown_too_large_moves_aside_while_its_writer_goes_on(tmp_path):
    log = tmp_path / "api.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 100)
        rotate(log, max_bytes=100)
        writer.write(b"new\n")
    assert log.read_text() == "new\n"
    assert (tmp_path / "api.log.1").read_text() == "old\n" * 100


def test_a_small_log_stays(tmp_path):
    log = tmp_path / "api.log"
    log.write_text("old\n")
    rotate(log, max_bytes=100)
    assert [file.name for file in tmp_path.iterdir()] == ["api.log"]


def test_the_tail_is_the_last_lines(tmp_path):
    log = tmp_path / "api.log"
    log.write_text("".join(f"{number}\n" for number in range(100_000)))
    assert tail(log, 3) == ["99997", "99998", "99999"]
    assert tail(tmp_path / "missing.log", 3) == []
