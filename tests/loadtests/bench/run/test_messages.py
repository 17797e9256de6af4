"""The messages of a bench."""

from itertools import chain

import pytest
from loadtests.bench.messages import SAMPLE, read_texts, requests


@pytest.fixture(scope="module")
def texts():
    return read_texts(SAMPLE)


def test_the_samples_messages_are_short_and_long(texts):
    lengths = sorted(map(len, texts))

    assert len(texts) > 3_000
    assert lengths[len(lengths) // 10] * 5 < lengths[-len(lengths) // 10]


@pytest.mark.parametrize(("size", "count"), [(1, 4_096), (32, 512)])
def test_requests_are_thousands_of_messages_and_repeatable(texts, size, count):
    found = list(requests(texts, size, 7))

    assert len(found) == count
    assert {len(each) for each in found} == {size}
    assert len(set(chain.from_iterable(found))) > 3_000
    assert found == list(requests(texts, size, 7))
    assert found != list(requests(texts, size, 8))


def test_a_file_without_texts_is_explained(tmp_path):
    (tmp_path / "a.csv").write_text("message,label\nhello,x\n")
    (tmp_path / "b.csv").write_text("text\n")

    with pytest.raises(ValueError, match=r"a\.csv has no column `text`"):
        read_texts([tmp_path / "a.csv"])
    with pytest.raises(ValueError, match="no text"):
        read_texts([tmp_path / "b.csv"])
