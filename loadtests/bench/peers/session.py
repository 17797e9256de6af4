"""The session options of Slipway's encoder, as values that a process without Slipway can set."""

import inspect
import re
from typing import Any

import onnxruntime as ort

from triage.encoder import session

_KEY = re.compile(r'"([a-z]+\.[a-z_.]+)"')


def attributes() -> dict[str, Any]:
    """Return what the encoder sets otherwise than ONNX Runtime does, by name; a number stands for an enumerated."""
    options, default = session.session_options(), ort.SessionOptions()
    found = {name: getattr(options, name) for name in dir(default) if not name.startswith("_")}
    return {
        name: _plain(value) for name, value in found.items() if not callable(value) and value != getattr(default, name)
    }


def entries() -> dict[str, str]:
    """Return the configuration entries that are set, by key.

    ONNX Runtime tells the value of a key but lists no keys: they are taken from the source of the encoder's session.
    """
    options, found = session.session_options(), {}
    for key in _KEY.findall(inspect.getsource(session)):
        try:
            found[key] = options.get_session_config_entry(key)
        except RuntimeError:  # a string that only looks like a key
            continue
    return found


def _plain(value: Any) -> Any:
    return value if isinstance(value, (bool, int, str)) else int(value)
