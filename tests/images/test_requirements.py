"""The script by which images come to their dependencies, on a package index of one package."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "infra" / "images" / "requirements.sh"
UV = shutil.which("uv", path=Path(sys.executable).parent)
PROJECT = '[project]\nname = "service"\nversion = "1"\ndependencies = ["parcel"]\n'


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "index" / "parcel-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("parcel/__init__.py", "")
        file.writestr("parcel/tests/__init__.py", "")
        file.writestr("parcel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: parcel\nVersion: 1.0\n")
        file.writestr("parcel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("parcel-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def install(wheel, tmp_path):
    checkout, target = tmp_path / "checkout", tmp_path / "installed"
    shutil.copytree(SCRIPT.parent, checkout / "infra" / "images")
    (checkout / "pyproject.toml").write_text(PROJECT)
    environment = {
        "PATH": f"{Path(UV).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "VIRTUAL_ENV": str(target),
        "UV_FIND_LINKS": str(wheel.parent),
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
        "UV_CACHE_DIR": str(tmp_path / "cache"),
    }

    def run(lock):
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, target], env=environment, check=True)
        (checkout / "requirements.lock").write_text(lock)
        command = [checkout / "infra" / "images" / "requirements.sh", "pyproject.toml"]
        done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, sorted(path.name for path in target.glob("lib/*/site-packages/parcel/*"))

    return run


def test_what_the_lock_holds_is_installed_without_its_tests(install, wheel):
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    code, said, files = install(f"parcel==1.0 --hash=sha256:{digest}\n")
    assert (code, files) == (0, ["__init__.py"]), said


def test_another_digest_ends_the_build(install):
    code, said, files = install(f"parcel==1.0 --hash=sha256:{'0' * 64}\n")
    assert code != 0
    assert "Hash mismatch" in said
    assert files == []


def test_what_the_lock_does_not_hold_ends_the_build(install):
    code, said, files = install("")
    assert code != 0
    assert "all requirements must have a hash" in said
    assert files == []
