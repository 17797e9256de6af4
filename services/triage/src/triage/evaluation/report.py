"""An evaluation in words and as an object."""

from typing import Any

from triage.evaluation.evaluate import Evaluation
from triage.evaluation.metrics import confusions

_CONFUSIONS = 8


def as_object(evaluation: Evaluation) -> dict[str, Any]:
    """Return the figures as one JSON object."""
    return {
        "model": evaluation.model.version,
        "data": str(evaluation.table.path),
        "threshold": evaluation.model.manifest.threshold,
        **evaluation.scores.model_dump(),
    }


def as_text(evaluation: Evaluation) -> str:
    """Return the figures as lines for a person."""
    return "\n".join([*_category(evaluation), *_priority(evaluation), *_confused(evaluation)])


def _category(evaluation: Evaluation) -> list[str]:
    scores, threshold = evaluation.scores, evaluation.model.manifest.threshold
    lines = [
        f"{evaluation.model.version} on {evaluation.table.path}: {scores.rows:,} messages",
        f"  accuracy           {scores.accuracy:.3f}   (macro F1 {scores.macro_f1:.3f})",
        f"  calibration error  {scores.ece:.3f}   (ECE: how far confidence is from accuracy)",
        f"  coverage           {_figure(scores.coverage)}   (decided without a human: confidence from {threshold:.2f})",
        f"  accuracy covered   {_figure(scores.accuracy_covered)}   (of what is decided without a human)",
    ]
    if scores.out_of_scope_rows:
        flagged = f"({scores.out_of_scope_rows} messages that are nobody's here, sent to a human)"
        lines.append(f"  out of scope       {_figure(scores.out_of_scope_flagged)}   {flagged}")
    return lines


def _priority(evaluation: Evaluation) -> list[str]:
    scores = evaluation.scores.priority
    if scores is None:
        return []
    return [f"  priority           {scores.accuracy:.3f}   (macro F1 {scores.macro_f1:.3f}, ECE {scores.ece:.3f})"]


def _confused(evaluation: Evaluation) -> list[str]:
    found = confusions(evaluation.decisions, evaluation.table.main_labels, _CONFUSIONS)
    lines = [f"  {pair.count:5}  {pair.label} taken for {pair.answered}" for pair in found]
    return ["Most frequent confusions:", *lines] if lines else []


def _figure(value: float | None) -> str:
    return "  -  " if value is None else f"{value:.3f}"
