"""What a person may ask for."""

import pytest
from loadtests.autoscale.generator import shape_of
from loadtests.autoscale.options import SHAPES, read_options
from loadtests.shapes.choice import SHAPES as GENERATED


def test_the_defaults_need_nothing_but_a_cluster():
    options = read_options([], {})

    assert (options.namespace, options.release, options.shape) == ("slipway", "slipway", "step")
    assert options.objectives.is_file()
    assert not options.pinned


def test_a_step_ends_within_nine_minutes():
    assert shape_of(read_options([], {}), 10.0).seconds <= 540


def test_the_environment_says_where():
    options = read_options([], {"NAMESPACE": "a", "RELEASE": "b", "GATEWAY_URL": "https://c", "KUBE_CONTEXT": "d"})

    assert (options.namespace, options.release, options.url, options.context) == ("a", "b", "https://c", "d")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--capacity", "0"], "number above 0"),
        (["--capacity", "many"], "number above 0"),
        (["--during", "inf"], "number above 0"),
        (["--key-file", "nowhere"], "nowhere is not there"),
        (["--shape", "cube"], "cube"),
        (["--factor", "1"], "number above 1"),
    ],
)
def test_a_wrong_option_is_explained(capsys, arguments, words):
    with pytest.raises(SystemExit):
        read_options(arguments, {})

    assert words in capsys.readouterr().err


def test_paths_hold_in_every_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").touch()

    assert read_options(["--key-file", "key", "--out", "run"], {}).key_file == tmp_path / "key"
    assert read_options(["--out", "run"], {}).out == tmp_path / "run"


def test_shapes_are_those_of_the_generator_and_the_burst():
    assert set(SHAPES) == {*GENERATED, "burst"}
