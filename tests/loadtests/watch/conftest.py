"""A `kubectl` on the PATH whose proxy serves what was recorded of a real cluster."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest


class Cluster:
    """What the API server says from now on, and what was asked of kubectl."""

    def __init__(self, folder):
        self.folder = folder

    def show(self, moment):
        (self.folder / "new").write_text(str(moment), encoding="utf-8")
        (self.folder / "new").replace(self.folder / "moment")

    @property
    def arguments(self):
        return (self.folder / "arguments").read_text("utf-8").splitlines()

    @property
    def is_running(self):
        try:
            os.kill(int((self.folder / "pid").read_text("utf-8")), 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Return a cluster in which a release `demo` has one pod, in namespace `slipway`."""
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("proxy.py")}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("KUBECTL_FOLDER", str(tmp_path))
    monkeypatch.setattr("loadtests.watch.watch._EVERY_SECONDS", 0.1)
    found = Cluster(tmp_path)
    found.show(0)
    return found


@pytest.fixture
def file(tmp_path):
    """Return where the watch writes."""
    return tmp_path / "cluster.ndjson"


@pytest.fixture
def lines(file):
    """Return what reads the lines that were written, of one kind or all."""

    def read(kind=None):
        told = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        return [line for line in told if kind in {None, line["kind"]}]

    return read


@pytest.fixture
def until():
    """Return what waits until something is so."""

    async def wait(is_so):
        for _ in range(600):
            if is_so():
                return
            await asyncio.sleep(0.05)
        raise AssertionError("It never was so within 30 s.")

    return wait
