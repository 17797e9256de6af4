"""What the routes of subjects have in common: who may call them, and how a person is named in a path."""

from typing import Annotated

from fastapi import Depends, Path

from slipway.tenants.schemas import Principal, Scope
from slipway_api.auth import caller

MAX_NAME_LENGTH = 1_000
"""Of a person's name as a tenant uses it, in characters."""

Reader = Annotated[Principal, Depends(caller(Scope.SUBJECTS_READ))]
Writer = Annotated[Principal, Depends(caller(Scope.SUBJECTS_WRITE))]
SubjectId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=MAX_NAME_LENGTH,
        description="The platform's id of a person, or the tenant's own name of them, percent-encoded. A name with a "
        "slash cannot be in a path: look up its id.",
    ),
]
