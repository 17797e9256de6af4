"""The numbers of all-MiniLM-L6-v2, as published with the weights (`config.json`, `sentence_bert_config.json`)."""

LAYERS = 6
HEADS = 12
WIDTH = 384
HEAD_WIDTH = WIDTH // HEADS
MIDDLE = 3
"""The layer, from 0, whose mean is given out beside the embedding."""
FEATURES = 2 * WIDTH
"""What a head sees of a text: its embedding, and the mean of the middle layer."""
NORM_EPSILON = 1e-12
MAX_TOKENS = 256
"""Longer texts are cut, `[CLS]` and `[SEP]` included."""

TOKENIZER_FILE = "tokenizer.json"
PRECISIONS = ("int8", "fp32")


def graph_file(precision: str) -> str:
    """Return the name of the graph of a precision."""
    return f"encoder-{precision}.onnx"
