"""Builds the encoder from the published weights, once."""

from datetime import UTC, datetime
from pathlib import Path

from triage.artifacts.folder import is_complete, new_folder, read_manifest, record_files, write_manifest
from triage.artifacts.manifest import FILE_NAME, EncoderManifest
from triage.artifacts.provenance import code_version
from triage.artifacts.store import encoder_folder
from triage.datasets.columns import TEXT
from triage.datasets.csv_file import read_csv
from triage.datasets.sample import sample_file
from triage.encoder.architecture import MAX_TOKENS, TOKENIZER_FILE, WIDTH, graph_file
from triage.encoder.tokens import Tokens
from triage.progress import Progress

_SOURCES = tuple(
    f"encoder/{name}"
    for name in (
        "architecture.py",
        "weights.py",
        "tokens.py",
        "canvas.py",
        "graph.py",
        "kernels",
        "calibration.py",
        "build.py",
    )
)
_LIBRARIES = ("onnx", "onnxruntime")
_CALIBRATION = 7
"""Every seventh training message is read, so that building stays a matter of seconds."""


def build_encoder(models_dir: Path, progress: Progress) -> EncoderManifest:
    """Return the manifest of the encoder that this code builds, building it if it is not there.

    Raises:
        ModelError: the published weights or the messages to calibrate with are not there.
    """
    key = code_version(_SOURCES, _LIBRARIES, (sample_file("train"),))
    folder = encoder_folder(models_dir, key)
    if (folder / FILE_NAME).exists():
        manifest = read_manifest(folder, EncoderManifest)
        if is_complete(folder, manifest):
            return manifest
        # Half an artifact is none; its heads do not change, since the key stands for the content.
        folder.rename(folder.with_name(f".broken-{key}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"))
    progress.start("Building the encoder", 3)
    with new_folder(folder) as draft:
        return _write(draft, key, progress)


def _write(draft: Path, key: str, progress: Progress) -> EncoderManifest:
    # Slow to import, and needed once in the life of an installation.
    import onnx  # noqa: PLC0415

    from triage.encoder import weights  # noqa: PLC0415
    from triage.encoder.calibration import calibrate  # noqa: PLC0415
    from triage.encoder.graph import build_graph  # noqa: PLC0415
    from triage.encoder.kernels.exact import Exact  # noqa: PLC0415
    from triage.encoder.kernels.quantised import Quantised  # noqa: PLC0415

    (draft / TOKENIZER_FILE).write_bytes(weights.read_tokenizer())
    tensors = weights.read_weights()
    onnx.save(build_graph(tensors, Exact()), draft / graph_file("fp32"))
    progress.advance()
    ranges = calibrate(tensors, _messages(draft))
    progress.advance()
    onnx.save(build_graph(tensors, Quantised(ranges)), draft / graph_file("int8"))
    progress.advance()
    manifest = EncoderManifest(
        created=datetime.now(UTC),
        code=key,
        files=record_files(draft),
        key=key,
        source=weights.SOURCE,
        weights_sha256=weights.SHA256,
        width=WIDTH,
        max_tokens=MAX_TOKENS,
    )
    write_manifest(draft, manifest)
    return manifest


def _messages(folder: Path) -> list[list[int]]:
    rows = read_csv(sample_file("train"), TEXT).rows
    return Tokens(folder).of([row[TEXT] for row in rows[::_CALIBRATION]])
