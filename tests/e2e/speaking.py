"""Containers that only print lines, by the same log driver as the services of the stack."""

import subprocess
from secrets import token_hex

from e2e.command import ROOT, run
from e2e.failure import UnmetError, wait_for
from e2e.logs import PRINT
from e2e.stage import Stage

_BEGIN_SECONDS = 30.0
_LINGER_SECONDS = "5"
_SERVICE = "api-1"
"""Whose log driver and options are used."""


def speak(stage: Stage, text: str, rate: float) -> str:
    """Print lines in a new container, so many a second (0: at once); return its name once it has begun."""
    name = f"{stage.project.name}-speaker-{token_hex(4)}"
    logging = stage.project.configuration["services"][_SERVICE]["logging"]
    options = [f"--log-opt={key}={value}" for key, value in logging["options"].items()]
    labels = ["--label", f"com.docker.compose.project={stage.project.name}"]
    labels += ["--label", "com.docker.compose.service=speaker"]
    pauses = [f"--env=SPEAK_PAUSE={1 / rate if rate else 0}", f"--env=SPEAK_AFTER={_LINGER_SECONDS}"]
    command = ["docker", "run", "--rm", "--interactive", "--name", name, "--network", "none", *labels, *pauses]
    command += ["--log-driver", logging["driver"], *options, "--entrypoint", "python", _image(stage), "-c", PRINT]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert process.stdin
    process.stdin.write(text.encode())
    process.stdin.close()
    stage.speakers.append(process)
    wait_for(f"{name} prints", lambda: _has_begun(name), _BEGIN_SECONDS, every=0.2)
    return name


def _image(stage: Stage) -> str:
    image: str = stage.project.configuration["services"]["setup"]["image"]
    return image


def _has_begun(name: str) -> bool:
    try:
        return run(["docker", "inspect", "--format", "{{.State.Running}}", name]).strip() == "true"
    except UnmetError:
        return False
