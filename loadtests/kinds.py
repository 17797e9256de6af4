"""Kinds of options that the programs here share: a wrong one is refused with what would be right."""

import argparse
from collections.abc import Callable
from pathlib import Path

_NOUNS: dict[Callable[[str], float], str] = {int: "a whole number", float: "a number"}


def within(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    """Return what reads a number within bounds; `kind` is `int` or `float`."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not {_NOUNS[kind]} from {least:g} to {most:g}")
        return value

    return read


def existing(text: str) -> Path:
    """Return a path that is there.

    Raises:
        argparse.ArgumentTypeError: it is not.
    """
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(
            f"{path} is not here. Run this in the folder of the checkout, after `make model`"
        )
    return path
