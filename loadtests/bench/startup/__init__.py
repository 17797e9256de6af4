"""How long the API takes from its start to its first answer, and how much memory it holds under load.

`python -m loadtests.bench.startup` starts PostgreSQL and Redis once, and the API alone again and again. Its last line
is one JSON object. `measure` does the same for another program.
"""

from loadtests.bench.startup.options import Options
from loadtests.bench.startup.run import measure

__all__ = ["Options", "measure"]
