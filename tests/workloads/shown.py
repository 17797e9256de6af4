"""The checksum workload with an example in its input's schema, as a workload of one's own should have it."""

from typing import Any, ClassVar

from checksum import Checksum, Scan
from pydantic import ConfigDict

PAGE = b"an example"


class Example(Scan):
    """A scanned page, shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"page": "YW4gZXhhbXBsZQ=="}]})


class Shown(Checksum):
    """The same, with an example."""

    Input = Example
    seen: ClassVar[list[Any]] = []
