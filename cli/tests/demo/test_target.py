import pytest
from typer.testing import CliRunner

from slipway_cli.demo.target import running_stack
from slipway_cli.errors import LocalError
from slipway_cli.main import app


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "key"
    file.write_text("slipway_key\n")
    return file


def test_the_key_is_the_line_of_its_file(key_file):
    target = running_stack("https://localhost:8443/", key_file, None)

    assert (target.url, target.key) == ("https://localhost:8443", "slipway_key")


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), ("", "is empty"), (b"\xff", "cannot be read")]
)
def test_a_file_without_a_key_is_refused(tmp_path, content, words):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(LocalError, match=words):
        running_stack("https://localhost:8443", file, None)


def test_a_file_without_a_certificate_is_refused(key_file):
    with pytest.raises(LocalError, match="has no certificate"):
        running_stack("https://localhost:8443", key_file, key_file)


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--url", "https://localhost:8443"], "--url needs --key-file"), (["--ca", "ca.pem"], "with --url")],
)
def test_options_that_lack_each_other_are_explained(options, words, tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("text,category,priority,region,plan,channel\nHello,other,low,,,\n")

    ran = CliRunner().invoke(app, ["demo", "--data", str(data), *options])

    assert ran.exit_code == 1
    assert words in ran.stderr
