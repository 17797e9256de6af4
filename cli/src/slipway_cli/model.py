"""`slipway model`: build the sample model, train your own, measure and list them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from slipway.settings import Settings
from triage.artifacts.manifest import ModelManifest
from triage.artifacts.store import check_name, list_models, model_folder
from triage.errors import DataError, ModelError

if TYPE_CHECKING:
    from triage.evaluation.evaluate import Evaluation

app = typer.Typer(add_completion=False, no_args_is_help=True)

_UNUSABLE = 2
"""Exit code when the data or the model cannot be used as they are; the same as for a wrong option."""

Data = Annotated[Path, typer.Option(help="CSV file in UTF-8; its first line names the columns.")]
Texts = Annotated[str, typer.Option("--text-column", help="Column of the texts.")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label-column", help="Column of the labels; repeat it for a second one, the priority."),
]


@app.command()
def build() -> None:
    """Build the encoder and the sample model, if they are not there."""
    from triage.training import sample  # noqa: PLC0415  # each command imports what it needs

    settings = Settings()
    with _plainly(), _Bars() as bars:
        built = sample.build(settings.models_dir, settings.model_precision, settings.model_threads, bars)
    _print_model(settings, built.model, "built" if built.anew else "there")


@app.command()
def train(
    data: Data,
    name: Annotated[str, typer.Option(help="Name of the model; each training adds a version.")],
    text_column: Texts = "text",
    label_column: Labels = None,
    validation: Annotated[
        Path | None, typer.Option(help="CSV file to choose the threshold on. Default: 15 % of the data.")
    ] = None,
) -> None:
    """Train a model on your own labelled messages."""
    with _plainly(), _Bars() as bars:
        from triage.training.own import Source, train_on  # noqa: PLC0415
        from triage.training.train import Target  # noqa: PLC0415

        settings = Settings()
        target = Target(settings.models_dir, name, settings.model_precision, settings.model_threads)
        model = train_on(Source(data, validation, text_column, tuple(label_column or ())), target, bars)
    _print_model(settings, model, "trained")
    typer.echo(f"Measure it: slipway model evaluate --name {name} --data TEST.csv. Serve it: SLIPWAY_MODEL={name}")


@app.command()
def evaluate(
    data: Data,
    name: Annotated[str, typer.Option(help="The model: `name` (its newest version) or `name@version`.")],
    text_column: Texts = "text",
    label_column: Labels = None,
    picture: Annotated[
        Path | None, typer.Option(help="Where the picture goes (.png or .svg). Default: in var/reports.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and draw nothing.")] = False,  # noqa: FBT002  # an option, never an argument
) -> None:
    """Measure a model on labelled messages that it has not seen."""
    from triage.evaluation.report import as_object, as_text  # noqa: PLC0415

    evaluation = _evaluate(name, data, text_column, label_column)
    if as_json:
        typer.echo(json.dumps(as_object(evaluation)))
        return
    from triage.evaluation.picture import draw  # noqa: PLC0415

    reports = Settings().models_dir.parent / "reports"
    place = picture or reports / f"{evaluation.model.manifest.reference}-{data.stem}.png"
    with _plainly():
        draw(evaluation, place)
    typer.echo(f"{as_text(evaluation)}\nPicture: {place}")


@app.command()
def check(
    data: Data,
    name: Annotated[str, typer.Option(help="The model: `name` (its newest version) or `name@version`.")],
    at_least: Annotated[list[str], typer.Option(metavar="FIGURE=VALUE", help="A bar that must be met; repeat it.")],
    text_column: Texts = "text",
    label_column: Labels = None,
) -> None:
    """Measure a model like `evaluate --json`, and exit with 1 where a figure of that object misses its bar."""
    from triage.evaluation.report import as_object  # noqa: PLC0415

    bars = [_bar(text) for text in at_least]
    figures = as_object(_evaluate(name, data, text_column, label_column))
    typer.echo(json.dumps(figures))
    if missed := [
        f"{figure} is {_found(figures, figure):.3f}, not {bar}" for figure, bar in bars if _found(figures, figure) < bar
    ]:
        typer.echo(f"slipway: {name} misses its bar: {'; '.join(missed)}.", err=True)
        raise typer.Exit(1)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="Folder for SLIPWAY_MODELS_DIR to name where the model is served.")],
    name: Annotated[
        str | None, typer.Option(help="The model: `name` or `name@version`. Default: SLIPWAY_MODEL.")
    ] = None,
) -> None:
    """Copy a model with only what serving it needs, digests checked: for an image, or for another machine."""
    from triage.artifacts.export import export_model  # noqa: PLC0415

    settings = Settings()
    with _plainly():
        model = export_model(settings.models_dir, name or settings.model, settings.model_precision, target)
    typer.echo(f"{model.reference} in {settings.model_precision} is in {target}")


@app.command("list")
def list_() -> None:
    """List the models; an arrow marks the one that the settings choose."""
    settings = Settings()
    with _plainly():
        models = list_models(settings.models_dir)
        check_name(settings.model.partition("@")[0])
    named = [model.reference for model in models if settings.model in (model.name, model.reference)]
    served = named[-1] if named else None
    table = Table("", box=None)
    for name in ("Model", "Created", "Labels", "Rows", "Accuracy", "Coverage", "Covered right"):
        table.add_column(name, no_wrap=name == "Model")
    for model in models:
        labels = " + ".join(str(len(head.labels)) for head in model.heads)
        figures = (model.metrics[key] for key in ("accuracy", "coverage", "accuracy_covered"))
        arrow = "→" if model.reference == served else ""
        created, rows = f"{model.created:%Y-%m-%d %H:%M}", f"{model.data.training_rows:,}"
        table.add_row(arrow, model.reference, created, labels, rows, *(_figure(figure) for figure in figures))
    Console().print(
        table if models else f"No models in {settings.models_dir}. `slipway model build` builds the sample."
    )


def _evaluate(name: str, data: Path, text_column: str, label_column: list[str] | None) -> "Evaluation":
    from triage.evaluation.evaluate import evaluate as run  # noqa: PLC0415
    from triage.model import load_model  # noqa: PLC0415

    settings = Settings()
    with _plainly(), _Bars() as bars:
        model = load_model(settings.models_dir, name, settings.model_precision, settings.model_threads)
        return run(model, data, text_column, label_column or (), bars)


def _bar(text: str) -> tuple[str, float]:
    figure, _, value = text.partition("=")
    try:
        return figure, float(value)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not like accuracy=0.9.", param_hint="--at-least") from None


def _found(figures: Mapping[str, Any], figure: str) -> float:
    if not isinstance(found := figures.get(figure), int | float):
        raise typer.BadParameter(f"There is no figure {figure!r} here.", param_hint="--at-least")
    return found


def _print_model(settings: Settings, model: ModelManifest, what: str) -> None:
    metrics, drift = model.metrics, model.drift
    typer.echo(f"{model.reference} is {what}: {model_folder(settings.models_dir, model)}")
    typer.echo(
        f"  validation  accuracy {_figure(metrics['accuracy'])}, ECE {_figure(metrics['ece'])}; "
        f"{_figure(metrics['accuracy_covered'])} right of the {_figure(metrics['coverage'])} decided without a human"
    )
    typer.echo(
        f"  int8 drift  cosine to fp32 {drift.cosine_mean:.4f} (worst {drift.cosine_worst:.4f}), "
        f"labels agree in {drift.label_agreement:.1%} of {drift.texts} texts"
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn what a person can mend into a sentence and an exit code."""
    try:
        yield
    except (DataError, ModelError) as error:
        typer.echo(f"slipway: {error}", err=True)
        raise typer.Exit(_UNUSABLE) from None


class _Bars:
    """One progress bar for each stage, on the error stream, so that the output stays what was asked for."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=Console(stderr=True))
        self._stage: TaskID | None = None

    def start(self, stage: str, total: int) -> None:
        self._finish()
        self._bars.start()
        self._stage = self._bars.add_task(stage, total=total)

    def advance(self, steps: int = 1) -> None:
        if self._stage is not None:
            self._bars.advance(self._stage, steps)

    def _finish(self) -> None:
        # A search may be over before all of its steps.
        if self._stage is not None:
            self._bars.update(self._stage, completed=self._bars.tasks[-1].total)
            self._bars.stop_task(self._stage)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stage is None:
            return
        if kind is None:
            self._finish()
        self._bars.stop()
