"""The triage workload: support messages in; category, priority and confidence out."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from slipway.workload import (
    Context,
    Observation,
    PrivacyClass,
    Reference,
    Text,
    Workload,
    data_subject,
    personal,
)
from triage.encoder.architecture import MAX_TOKENS
from triage.model import TriageModel, load_model, rounded

_CHARACTERS_PER_TOKEN = 4
"""Of the sample's messages. The estimate is off by three tokens in the mean; the encoder itself counts."""
_WARM_UP = ("Where is my parcel?", "My camera has been offline since the update and I have tried everything. " * 30)

_WITHOUT_NUL = r"^[^\x00]*$"
Attribute = Annotated[str, Field(max_length=40, pattern=_WITHOUT_NUL)]
Subject = Annotated[str, Field(min_length=1, max_length=200, pattern=_WITHOUT_NUL)]


class Message(BaseModel):
    """A message from a customer."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"text": "I was charged twice for order 1189, please send one of them back.", "channel": "email"},
                {
                    "text": "The lock says offline and I am standing outside my own house!",
                    "region": "uk",
                    "plan": "plus",
                    "channel": "chat",
                    "subject": "customer-4711",
                },
            ]
        },
    )

    text: Annotated[Text, personal(PrivacyClass.CONTENT)] = Field(description="What the customer wrote.")
    region: Attribute | None = Field(None, description="Where the customer is. Kept with the message.")
    plan: Attribute | None = Field(None, description="What the customer pays for. Kept with the message.")
    channel: Attribute | None = Field(None, description="How the message came in. Kept with the message.")
    subject: Annotated[Subject | None, personal(PrivacyClass.IDENTIFIER), data_subject()] = Field(
        None, description="Who the message is about, in your own terms: a customer number, for example."
    )


class Decision(BaseModel):
    """What the model makes of a message."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "category": "billing",
                    "priority": "normal",
                    "confidence": 0.93,
                    "needs_human": False,
                    "model_version": "triage@20260101T090000123456Z-3f9c2a71+int8",
                }
            ]
        },
    )

    category: str = Field(description="The likeliest category; `out_of_scope`: none of them.")
    priority: str | None = Field(description="The likeliest priority; null if the model was not trained on priorities.")
    confidence: float = Field(ge=0, le=1, description="Calibrated probability that the category is right.")
    needs_human: bool = Field(description="Whether a person should decide: low confidence, or out of scope.")
    model_version: str = Field(description="Which model decided.")


class Triage(Workload[Message, Decision]):
    """Sorts support messages, and says when a person should."""

    name: ClassVar[str] = "triage"
    Input = Message
    Output = Decision
    max_batch: ClassVar[int] = 64

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._model: TriageModel | None = None

    @property
    def version(self) -> str:
        """Return `name@version+precision` of the loaded model."""
        return self._loaded().version

    @property
    def lanes(self) -> int:
        """Return how many calls of `predict` run at a time, each in a thread: one for each core, or as many as set."""
        return self._loaded().lanes

    @property
    def reference(self) -> Reference | None:
        """Return how categories and confidences were distributed in training."""
        return self._loaded().reference

    def load(self) -> None:
        """Load the model of the settings and run it once, on a short and on a long message."""
        context = self.context
        self._model = load_model(context.models_dir, context.model, context.precision, context.threads)
        self._model.decide(_WARM_UP)

    def cost(self, item: Message) -> int:
        """Return about how many tokens the message has; no more than the encoder reads."""
        return min(MAX_TOKENS, 2 + len(item.text) // _CHARACTERS_PER_TOKEN)

    def predict(self, batch: Sequence[Message]) -> Sequence[Decision]:
        """Decide about each message, in order."""
        model = self._loaded()
        decisions = model.decide([message.text for message in batch])
        priorities: Sequence[str | None] = decisions.priorities or [None] * len(batch)
        confidence = rounded(decisions.confidence)
        answers = zip(decisions.categories, priorities, confidence, decisions.needs_human, strict=True)
        return [
            Decision(
                category=category,
                priority=priority,
                confidence=confidence,
                needs_human=bool(needs_human),
                model_version=model.version,
            )
            for category, priority, confidence, needs_human in answers
        ]

    def observe(self, output: Decision) -> Observation:
        """Return the category, the confidence, and whether a person should decide."""
        return Observation(output.category, output.confidence, output.needs_human)

    def _loaded(self) -> TriageModel:
        if self._model is None:
            raise RuntimeError("Triage is used before load().")
        return self._model
