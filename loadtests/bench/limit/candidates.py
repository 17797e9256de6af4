"""The settings among which the search chooses."""

from dataclasses import replace

from loadtests.bench.limit.setting import Setting

PADDED_TOKENS = (64, 128, 256, 512, 1_024, 2_048, 4_096)
PADDING = (12, 4_096)
"""Few tokens of padding a run, or as many as fit."""
WINDOWS = (32, 256)
"""Messages that are sorted together; 256 are eight requests of 32."""


def threadings(cores: int) -> list[Setting]:
    """Return every way to use the cores: lanes of one thread each, one lane of many threads, and the default."""
    start = Setting(lanes=1, threads=1, padded_tokens=512, padding=4_096, window=256, by_length=True)
    counts = sorted({2**power for power in range(cores.bit_length()) if 2**power <= cores} | {cores})
    lanes = [replace(start, lanes=count) for count in counts]
    return [*lanes, *(replace(start, threads=count) for count in counts if count > 1), replace(start, threads=0)]


def cuttings(threading: Setting) -> list[Setting]:
    """Return every way to cut messages into runs, with the threads of a setting."""
    return [
        replace(threading, padded_tokens=tokens, padding=padding, window=window, by_length=by_length)
        for tokens in PADDED_TOKENS
        for padding in PADDING
        for window in WINDOWS
        for by_length in (True, False)
        # In order of arrival a window ends a run early, and does nothing else; and hardly two lengths are alike.
        if by_length or (window == max(WINDOWS) and padding == max(PADDING))
    ]
