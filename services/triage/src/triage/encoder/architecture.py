"""The numbers of all-MiniLM-L6-v2, as published with the weights (`config.json`, `sentence_bert_config.json`)."""

LAYERS = 6
HEADS = 12
WIDTH = 384
HEAD_WIDTH = WIDTH // HEADS
NORM_EPSILON = 1e-12
MAX_TOKENS = 256
"""Longer texts are cut, `[CLS]` and `[SEP]` included."""

TOKENIZER_FILE = "tokenizer.json"
PRECISIONS = ("int8", "fp32")


def graph_file(precision: str) -> str:
    """Return the name of the graph of a precision."""
    return f"encoder-{precision}.onnx"
