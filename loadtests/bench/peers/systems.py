"""The frameworks that Slipway is measured against."""

from loadtests.bench.peers.bentoml.system import SYSTEM as BENTOML
from loadtests.bench.peers.litserve.system import SYSTEM as LITSERVE
from loadtests.bench.peers.mlserver.system import SYSTEM as MLSERVER
from loadtests.bench.peers.ray.system import SYSTEM as RAY
from loadtests.bench.systems.system import System

PEERS: tuple[System, ...] = (BENTOML, LITSERVE, RAY, MLSERVER)
