import signal
import subprocess
import sys

import pytest

PROGRAM = """
from slipway.interruption import end_when_asked
end_when_asked()
print("begun", flush=True)
import time
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_asked_to_stop_before_it_serves_ends_in_good_order(number):
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(number)
        said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, (b"", b""))


@pytest.mark.parametrize("module", ["slipway_api", "slipway_worker"])
def test_it_comes_before_what_takes_long(module):
    """The first process of a container ignores a SIGTERM that nothing handles yet."""
    program = (
        "import runpy, signal, sys\n"
        "real = signal.signal\n"
        "def watch(number, handler):\n"
        "    print(sorted({'fastapi', 'celery', 'pydantic', 'sqlalchemy'} & {*sys.modules}), flush=True)\n"
        "    sys.exit()\n"
        "signal.signal = watch\n"
        f"runpy.run_module('{module}', run_name='__main__')\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
