"""What a person may ask for."""

from pathlib import Path

import pytest

from cluster.options import CHART, EXTRA, STEPS, read_options
from cluster.steps import __path__ as steps_path


def test_by_default_everything_is_done():
    options = read_options([], {})

    assert tuple(options.steps) == STEPS
    assert options.values == [CHART / "values-kind.yaml"]
    assert not options.keep
    assert not options.break_keda


def test_steps_keep_their_order():
    assert read_options(["--only", "kill install,test"], {}).steps == ["install", "test", "kill"]


@pytest.mark.parametrize("steps", ["instal", ""])
def test_a_step_that_is_none_is_explained(capsys, steps):
    with pytest.raises(SystemExit):
        read_options(["--only", steps], {})

    assert "uninstall" in capsys.readouterr().err


def test_every_step_has_its_module():
    modules = {file.stem for file in Path(steps_path[0]).glob("*.py")} - {"__init__"}

    assert modules == {*STEPS, *EXTRA}


def test_what_takes_long_is_done_when_it_is_asked_for():
    assert not set(EXTRA) & set(read_options([], {}).steps)
    assert read_options(["--only", "uninstall,sine,install"], {}).steps == ["install", "sine", "uninstall"]


def test_images_become_values():
    options = read_options(["--registry", "localhost:5001", "--tag", "1.2", "--set", "a.b=c"], {"IMAGE_TAG": "0"})

    assert options.settings == ["image.registry=localhost:5001", "image.tag=1.2", "a.b=c"]


def test_the_environment_says_where_images_and_gateway_are():
    options = read_options([], {"IMAGE_REGISTRY": "r", "IMAGE_TAG": "t", "GATEWAY_URL": "https://gateway.example/"})

    assert options.settings == ["image.registry=r", "image.tag=t"]
    assert options.url == "https://gateway.example"


@pytest.mark.parametrize("arguments", [["--values", "nowhere.yaml"], ["--rate", "0"], ["--rate", "fast"]])
def test_what_is_wrong_is_named(capsys, arguments):
    with pytest.raises(SystemExit):
        read_options(arguments, {})

    assert arguments[1] in capsys.readouterr().err
