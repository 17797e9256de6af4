"""What a start is measured with: requests, answers, a process from outside."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from loadtests.bench.startup.client import timed
from loadtests.bench.startup.memory import memory_of
from loadtests.bench.startup.messages import read, request, requests
from loadtests.bench.startup.options import Options, parse
from loadtests.bench.startup.process import Process

ANSWER = b'{"results":[{"category":"billing"}]}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"


@pytest.fixture
def data(tmp_path):
    """A file of five texts, of which three bytes are in the middle."""
    file = tmp_path / "texts.csv"
    file.write_text("text\na\nbb\nccc\ndddd\neeeee\n")
    return Options(data=file)


@pytest.fixture
def pair():
    """Two ends of a connection."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.create_connection(listener.getsockname(), timeout=10) as ours:
            theirs, _ = listener.accept()
            with theirs:
                yield ours, theirs


def test_the_first_text_is_of_the_middle_length_and_the_others_are_mixed(data):
    messages = read(data)
    assert messages.typical == "ccc"
    assert sorted(messages.mixed) == ["a", "bb", "ccc", "dddd", "eeeee"]
    assert messages == read(data)


def test_a_request_holds_its_messages():
    head, _, body = request(80, "slw_key", ["one", "two"]).partition(b"\r\n\r\n")
    assert json.loads(body) == {"inputs": [{"text": "one"}, {"text": "two"}]}
    assert b"Authorization: Bearer slw_key" in head
    assert f"Content-Length: {len(body)}".encode() in head


def test_texts_begin_anew_where_they_end():
    (first, second, *_) = requests(80, "k", ["a", "b", "c"], 2)
    assert [json.loads(each.partition(b"\r\n\r\n")[2])["inputs"] for each in (first, second)] == [
        [{"text": "a"}, {"text": "b"}],
        [{"text": "c"}, {"text": "a"}],
    ]


def test_an_answer_is_timed_until_it_is_complete(pair):
    ours, theirs = pair

    def answer():
        theirs.recv(1000)
        theirs.sendall(HEAD % len(ANSWER) + ANSWER[:5])
        time.sleep(0.2)
        theirs.sendall(ANSWER[5:])

    thread = threading.Thread(target=answer)
    thread.start()
    assert timed(ours, b"hello") >= 0.2
    thread.join()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}", "no prediction, but: HTTP/1.1 503"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "no prediction"),
        (b"", "closed the connection"),
    ],
)
def test_what_is_no_prediction_ends_the_run(pair, sent, words):
    ours, theirs = pair
    theirs.sendall(sent)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(SystemExit, match=words):
        timed(ours, b"hello")


def test_memory_is_that_of_the_process():
    before = memory_of(os.getpid())
    held = bytearray(os.urandom(1)) * 64 * 2**20
    after = memory_of(os.getpid())
    assert after.rss - before.rss > 0.9 * len(held) / 2**20
    assert after.peak >= after.rss
    assert 0 < after.pss <= after.rss * 1.01


def test_processor_time_is_that_of_work_and_not_of_waiting():
    program = "import time; [i*i for i in range(3_000_000)]; print(); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-u", "-c", program], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.read(1)
        process = Process(child.pid, 0, time.monotonic())
        spent = process.processor_seconds
        assert spent > 0.02
        time.sleep(0.3)
        assert process.processor_seconds - spent < 0.1
        child.kill()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--rounds", "0"], "at least 1"), (["--requests", "few"], "whole number"), (["--data", "no.csv"], "is not here")],
)
def test_wrong_options_say_what_would_be_right(capsys, arguments, words):
    with pytest.raises(SystemExit):
        parse(arguments)
    assert words in capsys.readouterr().err
