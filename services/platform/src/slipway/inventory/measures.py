"""The technical and organisational measures (GDPR Art. 32) that come with the code, for the record and the notice."""

MEASURES = (
    "What people wrote, and what a model answered, is sealed by the application (AES-256-GCM).",
    "Each person's data have a key of their own; a sealed value that was moved to another place does not open.",
    "Names of people are not kept: a keyed hash stands for them.",
    "The keys that open the others are kept apart from the database and from its backups.",
    "Tenants are kept apart by the database itself (row-level security that binds the owner of the tables as well).",
    "Each process may do in the database what it needs and no more; none of them may change the tables.",
    "API keys are kept as digests and can be revoked within seconds; every change is in a sealed audit log.",
    "Log lines, traces and metrics have declared fields only; none of them is about a person.",
    "Connections from outside are encrypted (TLS at the gateway), and so are webhooks.",
    "Whoever is erased leaves every store within minutes, with a signed receipt, and no backup brings them back.",
    "Deletion by age is part of the service, and its periods are in this record.",
)
"""One sentence each."""
