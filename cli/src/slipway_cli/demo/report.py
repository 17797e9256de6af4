"""What the demo shows at its end."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from slipway_cli.demo.client import Answer, JobRun, SyncRun
from slipway_cli.demo.messages import Message

_PRIORITIES = ("high", "normal", "low")
_SHOWN = 8
_WIDTH = 72


@dataclass(frozen=True, slots=True)
class Figures:
    """The last line of the demo."""

    messages: int
    agreement: float
    """Share of all messages whose category is the one that a person gave them."""
    sync_per_s: float
    job_per_s: float
    p50_ms: float
    p99_ms: float
    needs_human: int


def figures(messages: Sequence[Message], sync: SyncRun, job: JobRun) -> Figures:
    """Count what came out."""
    cuts = quantiles(sync.latencies_ms, n=100)
    return Figures(
        messages=len(messages),
        agreement=round(_agreement(messages, job.answers), 4),
        sync_per_s=round(len(messages) / sync.seconds, 1),
        job_per_s=round(len(messages) / job.seconds, 1),
        p50_ms=round(cuts[49], 1),
        p99_ms=round(cuts[98], 1),
        needs_human=sum(answer["needs_human"] for answer in job.answers),
    )


def show(console: Console, messages: Sequence[Message], sync: SyncRun, job: JobRun) -> Figures:
    """Print the tables."""
    found = figures(messages, sync, job)
    console.print(_counts(job.answers))
    console.print(_examples(messages, job.answers))
    console.print(_speeds(messages, sync, job, found))
    return found


def last_line(found: Figures) -> str:
    """Return the figures as one line of JSON."""
    return json.dumps(asdict(found))


def _agreement(messages: Sequence[Message], answers: Sequence[Answer]) -> float:
    agreed = sum(answer["category"] == message.category for message, answer in zip(messages, answers, strict=True))
    return agreed / len(messages) if messages else 0.0


def _decision(answer: Answer) -> tuple[object, ...]:
    return answer["category"], answer["priority"], answer["needs_human"]


def _counts(answers: Sequence[Answer]) -> Table:
    table = Table("category", *_PRIORITIES, "needs a human", title="What the messages are about", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    cells = Counter((answer["category"], answer["priority"]) for answer in answers)
    human = Counter(answer["category"] for answer in answers if answer["needs_human"])
    for category in sorted({answer["category"] for answer in answers}):
        table.add_row(category, *(str(cells[category, p]) for p in _PRIORITIES), str(human[category]))
    totals = [str(sum(cells[c, p] for c, p in cells if p == priority)) for priority in _PRIORITIES]
    table.add_section()
    table.add_row("all", *totals, str(human.total()), style="bold")
    return table


def _examples(messages: Sequence[Message], answers: Sequence[Answer]) -> Table:
    title = f"{_SHOWN} of the messages"
    table = Table("message", "category", "priority", "confidence", "needs a human", title=title, title_justify="left")
    step = max(len(messages) // _SHOWN, 1)
    for message, answer in list(zip(messages, answers, strict=True))[::step][:_SHOWN]:
        line = " ".join(message.text.split())
        short = line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"
        human = "yes" if answer["needs_human"] else ""
        table.add_row(short, answer["category"], answer["priority"], f"{answer['confidence']:.2f}", human)
    return table


def _speeds(messages: Sequence[Message], sync: SyncRun, job: JobRun, found: Figures) -> Table:
    decided = [(m, a) for m, a in zip(messages, job.answers, strict=True) if not a["needs_human"]]
    same = sum(_decision(now) == _decision(later) for now, later in zip(sync.answers, job.answers, strict=True))
    table = Table(show_header=False, title="How it went", title_justify="left")
    table.add_row("agreement with the labels, all messages", f"{found.agreement:.1%}")
    table.add_row(
        f"agreement where the model decided ({len(decided) / len(messages):.0%})",
        f"{_agreement([m for m, _ in decided], [a for _, a in decided]):.1%}",
    )
    table.add_row("same answer now (/v1/triage) and later (job)", f"{same} of {len(messages)}")
    table.add_row("now: messages a second, one a request", f"{found.sync_per_s:,.0f}")
    table.add_row("now: time of a request, median and 99 %", f"{found.p50_ms:.0f} ms, {found.p99_ms:.0f} ms")
    table.add_row("later: messages a second, sealed and stored", f"{found.job_per_s:,.0f}")
    return table
