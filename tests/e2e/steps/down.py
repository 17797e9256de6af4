"""Takes the stack down, and looks whether anything is left."""

from e2e.failure import demand
from e2e.report import say
from e2e.stage import Stage


def run(stage: Stage) -> None:
    """Demand that no container, volume or network of the project is left."""
    stage.project.remove()
    remains = stage.project.remains()
    demand(not remains, f"docker compose down --volumes left something: {remains}")
    say("docker compose down --volumes left nothing.")
