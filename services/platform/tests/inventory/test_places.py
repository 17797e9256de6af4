from collections import Counter
from pathlib import Path

import yaml

from slipway.inventory.places import PLACES

COMPOSE = Path(__file__).parents[4] / "docker-compose.yml"


def test_every_volume_of_the_composed_stack_is_declared_once():
    volumes = yaml.safe_load(COMPOSE.read_text("utf-8"))["volumes"]
    assert len(volumes) > 5
    assert Counter(volume for place in PLACES for volume in place.volumes) == Counter(volumes.keys())


def test_places_that_are_kept_by_age_say_for_how_long_in_the_composed_stack():
    """The periods of programs that are not ours are settings of their containers."""
    services = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    days = {place.name: place.kept.days for place in PLACES}
    assert services["jaeger"]["environment"]["BADGER_SPAN_STORE_TTL"] == f"{days['traces'] * 24:g}h"
    assert f"--storage.tsdb.retention.time={days['metrics']:g}d" in services["prometheus"]["command"]
