"""Every dashboard, in the order in which a person looks at them."""

from dataclasses import replace

from monitoring.dashboards.board import Board, Row
from monitoring.dashboards.boards import inference, jobs, overview, platform, stores
from monitoring.dashboards.runbooks import history


def _with_alerts(board: Board) -> Board:
    """Show above the panels when the alerts fired that they name."""
    names = "|".join(name for name in board.alerts if name != "Watchdog")
    fired = history("When alerts on this page fired", f'alertname=~"{names}",alertstate="firing"', height=5)
    return replace(board, rows=(Row("", (fired,)), *board.rows))


BOARDS = (overview.BOARD, *map(_with_alerts, (inference.BOARD, jobs.BOARD, stores.BOARD, platform.BOARD)))
