"""What data are held for, and by what right. The record of processing has one section for each purpose."""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Basis(StrEnum):
    """The lawful basis of a processing, in the words of GDPR Art. 6(1)."""

    CONTRACT = "contract: GDPR Art. 6(1)(b)"
    LEGAL_OBLIGATION = "legal obligation: GDPR Art. 6(1)(c)"
    LEGITIMATE_INTERESTS = "legitimate interests: GDPR Art. 6(1)(f)"


@dataclass(frozen=True, slots=True)
class Processing:
    """A processing activity: its title, what is done, its lawful basis, and why that basis holds."""

    title: str
    what: str
    basis: Basis
    why: str


class Purpose(Enum):
    """Why something is held. A new purpose is a new section of the record, and wants a lawful basis."""

    ANSWERING = Processing(
        "Answering inputs",
        "A model answers the inputs that a tenant sends; inputs and answers wait to be fetched.",
        Basis.CONTRACT,
        "It is the service that the tenant has ordered. For the people in the inputs the tenant is the controller and "
        "whoever runs this installation its processor (Art. 28), unless both are the same.",
    )
    QUEUEING = Processing(
        "Doing work once",
        "Work waits in a queue, is leased to workers, and is neither lost nor done twice.",
        Basis.CONTRACT,
        "The service that the tenant has ordered cannot be given without it.",
    )
    ACCESS = Processing(
        "Knowing who calls",
        "Tenants and their API keys are recognised, and limited in what they may do and how often.",
        Basis.CONTRACT,
        "The service is given to those who ordered it, and to nobody else.",
    )
    NOTIFYING = Processing(
        "Telling a tenant's systems",
        "Webhooks tell the tenant's own systems that a job has changed.",
        Basis.CONTRACT,
        "The tenant registers the addresses; what is told are ids and counts.",
    )
    PROTECTION = Processing(
        "Keeping data sealed",
        "Keys seal what people wrote, and keyed hashes stand for their names.",
        Basis.LEGAL_OBLIGATION,
        "Security of processing: GDPR Art. 32(1)(a); HIPAA 45 CFR 164.312(a)(2)(iv).",
    )
    ACCOUNTABILITY = Processing(
        "Showing who did what",
        "Every change is recorded in an audit log that shows tampering.",
        Basis.LEGAL_OBLIGATION,
        "Accountability: GDPR Art. 5(2), and Art. 33(5) for breaches; HIPAA 45 CFR 164.312(b).",
    )
    RIGHTS = Processing(
        "Obeying people's rights",
        "Requests for access, erasure, rectification, restriction and objection are tracked and answered.",
        Basis.LEGAL_OBLIGATION,
        "GDPR Art. 12 and 15 to 22; CCPA 1798.105, 1798.106 and 1798.130; HIPAA 45 CFR 164.524 and 164.526.",
    )
    OPERATING = Processing(
        "Keeping the service running",
        "Logs, traces and metrics show how the service does, and what goes wrong.",
        Basis.LEGITIMATE_INTERESTS,
        "Running and securing the network and the service (recital 49). They hold ids, numbers and words of a fixed "
        "list, so that nothing weighs against it.",
    )
    RECOVERY = Processing(
        "Recovering from loss",
        "Backups bring the data back after a disaster.",
        Basis.LEGAL_OBLIGATION,
        "Availability and resilience: GDPR Art. 32(1)(b) and (c); HIPAA 45 CFR 164.308(a)(7).",
    )

    @property
    def basis(self) -> Basis:
        """Return the lawful basis."""
        return self.value.basis
