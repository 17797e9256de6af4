"""Why nothing is made of an input: the person whom it is about is to be let alone."""

from enum import StrEnum

from slipway.workload import Failure


class Refusal(StrEnum):
    """What stands against processing. SQL uses the same words; a restriction comes before an objection."""

    RESTRICTED = "processing_restricted"
    OBJECTED = "processing_objected"

    @property
    def failure(self) -> Failure:
        """What the caller is told in the place of an answer."""
        return Failure(self.value, _DETAILS[self])


_DETAILS = {
    Refusal.RESTRICTED: "Data of the person whom this input is about are only stored: their processing is restricted. "
    "Once the restriction is lifted, it can be tried again.",
    Refusal.OBJECTED: "The person whom this input is about objects to the processing of their data. Once the objection "
    "is withdrawn, it can be tried again.",
}
