"""The runtime that MLServer's environment loads: texts come and answers go as tensors of the V2 inference protocol."""

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput

from loadtests.bench.peers.assignment import Assignment
from loadtests.bench.peers.model import Answer, Model

_DATATYPES = {"category": "BYTES", "confidence": "FP64", "needs_human": "BOOL", "priority": "BYTES"}


class Triage(MLModel):  # type: ignore[misc]  # not installed where types are checked
    """Triage of messages."""

    async def load(self) -> bool:
        """Load the model, in each worker."""
        self._model = Model(**Assignment.from_environment().model)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer all texts of a batch at once. A worker has nothing else to do meanwhile."""
        answers = self._model.predict(payload.inputs[0].data.root)
        outputs = [_tensor(name, datatype, answers) for name, datatype in _DATATYPES.items()]
        return InferenceResponse(model_name=self.name, outputs=outputs)


def _tensor(name: str, datatype: str, answers: list[Answer]) -> ResponseOutput:
    data = [answer[name] for answer in answers]  # type: ignore[literal-required]  # the names are an answer's fields
    return ResponseOutput(name=name, datatype=datatype, shape=[len(data), 1], data=data)
