"""Lines of evidence: what is added holds, whatever is done to the files is found, and nothing is added to a stump."""

import json
import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from slipway import clock
from slipway.evidence import BrokenEvidenceError, Evidence, EvidenceError, segments
from slipway.keys.signer import AuditSigner, new_signing_key


def _signer():
    return AuditSigner.parse(new_signing_key())


@pytest.fixture
def signer():
    return _signer()


@pytest.fixture
def evidence(tmp_path, signer):
    return Evidence(tmp_path, signer)


@pytest.fixture
def written(tmp_path, evidence):
    """A function that adds lines, and returns the file and its lines."""

    def add(count=5):
        for number in range(count):
            evidence.append("notes", {"told": number})
        (path,) = (tmp_path / "notes").glob("*.jsonl")
        return path, path.read_bytes().splitlines(keepends=True)

    return add


def _told(evidence):
    return [line.body["told"] for line in evidence.read("notes")]


def test_what_is_added_is_read_again_in_order_by_others_too(tmp_path, evidence, signer):
    lines = [evidence.append("notes", {"told": number}) for number in range(3)]
    assert [line.number for line in lines] == [1, 2, 3]
    other = Evidence(tmp_path, signer)
    assert _told(other) == [0, 1, 2]
    assert other.append("notes", {"told": 3}).previous == lines[-1].digest.hex()
    assert _told(evidence) == [0, 1, 2, 3]
    assert evidence.verify("notes") is None


def test_streams_do_not_mix(evidence):
    evidence.append("notes", {"told": 1})
    assert evidence.append("others", {"told": 2}).number == 1
    assert evidence.streams() == ["notes", "others"]
    assert _told(evidence) == [1]


def test_a_stream_that_was_never_written_is_empty_and_holds(evidence):
    assert list(evidence.read("notes")) == []
    assert evidence.newest("notes") is None


def test_a_line_may_hold_any_text(evidence):
    body = {"told": "\u2028 ä \n {}", "nested": {"b": [1, None, 2.5], "a": True}}
    evidence.append("notes", body)
    assert [dict(line.body) for line in evidence.read("notes")] == [body]


@pytest.mark.parametrize("seed", range(40))
def test_a_changed_byte_is_found(evidence, written, seed):
    chance = random.Random(seed)
    path, lines = written()
    content = bytearray(b"".join(lines))
    place = chance.randrange(len(lines[0]), len(content))
    content[place] ^= chance.randrange(1, 256)
    path.write_bytes(content)
    assert evidence.verify("notes") is not None


def test_a_changed_byte_of_the_newest_line_is_found_wherever_it_is(evidence, written):
    path, lines = written(2)
    content = b"".join(lines)
    missed = []
    for place in range(len(lines[0]), len(content)):
        for bit in (0x01, 0x20):
            changed = bytearray(content)
            changed[place] ^= bit
            path.write_bytes(changed)
            if evidence.verify("notes") is None:
                missed.append((place - len(lines[0]), bytes(changed[place : place + 1])))
    assert missed == []


def test_a_line_that_became_none_is_named_by_its_number(evidence, written):
    path, lines = written(3)
    path.write_bytes(b"".join([*lines[:2], b"nothing\n"]))
    assert str(evidence.verify("notes")).startswith("line 3: ")
    path.write_bytes(b"nothing\n")
    assert str(evidence.verify("notes")).startswith("line 1: ")


@pytest.mark.parametrize(
    ("change", "first_wrong"),
    [
        (lambda lines: lines[1:], 1),
        (lambda lines: lines[:2] + lines[3:], 3),
        (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], 3),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], 4),
    ],
    ids=["the first is gone", "one is gone", "two changed places", "one is there twice"],
)
def test_lines_that_are_gone_moved_or_doubled_are_found(evidence, written, change, first_wrong):
    path, lines = written()
    path.write_bytes(b"".join(change(lines)))
    with pytest.raises(BrokenEvidenceError) as caught:
        list(evidence.read("notes"))
    assert caught.value.number == first_wrong


def test_a_line_that_another_key_signed_is_found(tmp_path, evidence, written):
    path, lines = written(3)
    values = json.loads(lines[1])
    forged = Evidence(tmp_path / "forged", _signer())
    forged.append("notes", {"told": 0})
    forged.append("notes", values["body"])
    (theirs,) = (tmp_path / "forged" / "notes").glob("*.jsonl")
    path.write_bytes(lines[0] + theirs.read_bytes().splitlines(keepends=True)[1] + lines[2])
    assert "line 2" in evidence.verify("notes")


def test_nothing_is_added_to_a_stream_that_was_cut_short_meanwhile(evidence, written):
    path, lines = written()
    path.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(BrokenEvidenceError, match="line 5: it was in notes a moment ago"):
        evidence.append("notes", {"told": 5})
    path.unlink()
    with pytest.raises(BrokenEvidenceError):
        evidence.newest("notes")


def test_what_a_dying_machine_left_half_written_harms_nothing(tmp_path, evidence, signer, written):
    path, lines = written(3)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    after = Evidence(tmp_path, signer)  # after the restart
    assert after.append("notes", {"told": "again"}).number == 3
    assert _told(after) == [0, 1, "again"]
    assert evidence.verify("notes") is None


def test_a_line_whose_line_feed_was_lost_is_a_line(tmp_path, signer, written):
    path, lines = written(2)
    path.write_bytes(b"".join(lines).rstrip(b"\n"))
    after = Evidence(tmp_path, signer)
    assert after.append("notes", {"told": 2}).number == 3
    assert _told(after) == [0, 1, 2]


def test_a_stream_goes_on_in_a_new_file_and_a_lost_file_is_found(tmp_path, evidence, monkeypatch):
    monkeypatch.setattr(segments, "_SEGMENT_BYTES", 1_000)
    for number in range(20):
        evidence.append("notes", {"told": number})
    paths = sorted((tmp_path / "notes").glob("*.jsonl"))
    assert len(paths) > 3
    assert _told(evidence) == list(range(20))
    paths[1].unlink()
    assert "it is missing" in evidence.verify("notes")


def test_many_writers_take_turns(tmp_path, signer):
    def write(writer):
        own = Evidence(tmp_path, signer)
        for number in range(20):
            own.append("notes", {"told": [writer, number]})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    told = _told(Evidence(tmp_path, signer))
    assert sorted(told) == [[writer, number] for writer in range(4) for number in range(20)]


def test_after_a_change_of_the_key_the_new_one_vouches_for_the_old_lines(tmp_path, evidence, signer, written):
    path, _ = written(2)
    second, third = _signer(), _signer()
    assert evidence.hand_over("notes", second) == evidence.hand_over("notes", second)
    Evidence(tmp_path, second).append("notes", {"told": 2})
    Evidence(tmp_path, second).hand_over("notes", third)
    last = Evidence(tmp_path, third)
    last.append("notes", {"told": 3})
    assert [line.body.get("told") for line in last.read("notes")] == [0, 1, None, 2, None, 3]
    assert list(last.custody("notes").keys) == [signer.key_id, second.key_id, third.key_id]

    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:1], *lines[2:]]))
    assert "line 2" in last.verify("notes"), "and still holds them together"


def test_a_retired_key_adds_nothing_and_is_believed_nothing_new(tmp_path, evidence, signer, written):
    path, lines = written(2)
    second = _signer()
    evidence.hand_over("notes", second)
    with pytest.raises(EvidenceError, match="is in the care of the key"):
        evidence.append("notes", {"told": "late"})
    path.write_bytes(b"".join(lines))  # whoever stole the retired key goes on from before the change
    Evidence(tmp_path, signer).append("notes", {"told": "stolen"})
    assert Evidence(tmp_path, second).verify("notes") is not None


def test_a_key_that_nobody_handed_over_to_is_not_believed(tmp_path, written):
    written(2)
    other = Evidence(tmp_path, _signer())
    assert "line 1" in other.verify("notes")
    with pytest.raises(EvidenceError, match=r"slipway audit hand-over"):
        other.append("notes", {"told": 2})


def test_a_folder_that_cannot_be_written_is_told(tmp_path, signer):
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="SLIPWAY_EVIDENCE_DIR"):
        Evidence(tmp_path / "file" / "below", signer).append("notes", {})


def test_a_line_is_told_to_nobody_before_it_is_on_the_disk(tmp_path, evidence, signer, monkeypatch):
    """What names it, a seal in the database, could outlive it in a power failure: then it would be missing for ever."""
    evidence.append("notes", {"told": 0})
    reader, writing, synced = Evidence(tmp_path, signer), threading.Event(), threading.Event()
    sync = os.fsync

    def slowly(descriptor):
        writing.set()
        assert synced.wait(30)
        sync(descriptor)

    with ThreadPoolExecutor(2) as pool:
        monkeypatch.setattr(segments.os, "fsync", slowly)
        adding = pool.submit(evidence.append, "notes", {"told": 1})
        assert writing.wait(30)
        monkeypatch.setattr(segments.os, "fsync", sync)
        reading = pool.submit(reader.newest, "notes")
        with pytest.raises(TimeoutError):
            reading.result(0.3)
        synced.set()
        assert adding.result(30) == reading.result(30)


def test_a_line_that_a_killed_process_left_is_brought_to_the_disk_before_it_is_told(tmp_path, signer, written):
    path, _ = written(1)
    synced = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments.os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
        assert Evidence(tmp_path, signer).newest("notes").number == 1
    assert synced == [path.stat().st_ino]


def test_new_folders_are_on_the_disk_as_well(tmp_path, signer, monkeypatch):
    synced = set()
    monkeypatch.setattr(segments.os, "fsync", lambda descriptor: synced.add(os.fstat(descriptor).st_ino))
    folder = tmp_path / "new" / "evidence"
    Evidence(folder, signer).append("notes", {})
    wanted = [tmp_path, tmp_path / "new", folder, folder / "notes", *(folder / "notes").glob("*.jsonl")]
    assert synced == {path.stat().st_ino for path in wanted}


def test_a_copy_without_a_lock_file_can_be_read(tmp_path, evidence, signer, written):
    written(2)
    (tmp_path / "notes" / "lock").unlink()
    assert Evidence(tmp_path, signer).newest("notes").number == 2


def test_whether_a_stream_is_in_this_keys_care_is_known_at_once(tmp_path, evidence, signer):
    successor = _signer()
    assert evidence.in_care("notes"), "nobody has begun it"
    other = Evidence(tmp_path, signer)
    other.append("notes", {})
    assert evidence.in_care("notes")
    other.hand_over("notes", successor)
    assert not evidence.in_care("notes")
    assert Evidence(tmp_path, successor).in_care("notes")


@pytest.fixture
def long(tmp_path, evidence, monkeypatch):
    """The files of a stream of twenty lines, of which the key has changed at the third."""
    monkeypatch.setattr(segments, "_SEGMENT_BYTES", 1_000)
    successor = _signer()
    for number in range(2):
        evidence.append("notes", {"told": number})
    evidence.hand_over("notes", successor)
    after = Evidence(tmp_path, successor)
    for number in range(3, 20):
        after.append("notes", {"told": number})
    return after


def _files(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "notes").glob("*.jsonl"))}


def _let_go(evidence, place, before):
    evidence.append("notes", {"kind": "archived"} | evidence.leaving("notes", before))
    return evidence.move("notes", place)


def test_old_lines_may_be_moved_away_and_the_rest_holds(tmp_path, long, signer):
    files, away = _files(tmp_path), tmp_path / "away"
    (first, *_) = long.read("notes")
    assert long.leaving("notes", first.at) is None, "nothing is as old as that"
    assert _let_go(long, away, clock.now()) == len(files) - 1
    assert _files(away).items() <= files.items()
    assert long.verify("notes") is None
    assert next(long.read("notes")).number > 3
    assert signer.key_id not in long.custody("notes").keys
    assert signer.key_id in long.keys("notes"), "what it signed elsewhere still holds"
    assert long.append("notes", {}).number == 22
    for name, content in _files(away).items():
        (tmp_path / "notes" / name).write_bytes(content)
    assert long.verify("notes") is None
    assert next(long.read("notes")).number == 1, "and together they are whole again"


def test_moving_that_was_cut_short_goes_on_and_holds_in_between(tmp_path, long):
    away = tmp_path / "away"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments.Path, "unlink", _once(segments.Path.unlink))
        with pytest.raises(KeyboardInterrupt):
            _let_go(long, away, clock.now())
    assert len(_files(away)) == 2
    assert long.verify("notes") is None
    before = _files(tmp_path)
    assert long.move("notes", away) == len(before) - 1
    assert long.verify("notes") is None


def _once(work):
    done = []

    def first(*arguments, **options):
        if done:
            raise KeyboardInterrupt
        done.append(1)
        return work(*arguments, **options)

    return first


def test_lines_that_nobody_let_go_are_missing_also_after_others_were(tmp_path, long):
    assert _let_go(long, tmp_path / "away", clock.now())
    for number in range(10):
        long.append("notes", {"told": number})
    (oldest, *_) = sorted((tmp_path / "notes").glob("*.jsonl"))
    oldest.unlink()
    assert "it is missing" in long.verify("notes")


def test_nothing_is_moved_over_another_file(tmp_path, long):
    (tmp_path / "away" / "notes").mkdir(parents=True)
    name = min(_files(tmp_path))
    (tmp_path / "away" / "notes" / name).write_text("something else")
    before = _files(tmp_path)
    with pytest.raises(EvidenceError, match="cannot be moved"):
        _let_go(long, tmp_path / "away", clock.now())
    assert before.keys() <= _files(tmp_path).keys()
    assert (tmp_path / "away" / "notes" / name).read_text() == "something else"
