"""Whatever holds data beside the tables, Redis and the signals: files, volumes, memory."""

from dataclasses import dataclass

from slipway.inventory.declaration import HELD, DataClass, Form, Held, OnErasure, OnExport, held, nothing_personal
from slipway.inventory.purposes import Purpose
from slipway.inventory.retention import Kept


@dataclass(frozen=True, slots=True)
class Place:
    """One of them: what is there, and for how long."""

    name: str
    what: str
    held: Held
    kept: Kept
    paths: tuple[str, ...] = ()
    """Files and folders below `var/` that it is, where the stack runs on one machine without containers."""
    volumes: tuple[str, ...] = ()
    """Volumes of `docker-compose.yml` that it is."""


_COPY_NOTE = (
    "Copies for recovery, sealed. A copy of the person's key is there as well, sealed by the tenant's key of that "
    "time: nothing opens it any more once that version of the tenant's key is destroyed."
)
_COPY: Held = held(DataClass.PERSONAL, Purpose.RECOVERY, Form.SEALED, OnExport.EXPLAINED, OnErasure.KEPT, _COPY_NOTE)[
    HELD
]
_PASSING: Held = held(
    DataClass.PERSONAL,
    Purpose.ANSWERING,
    export=OnExport.EXPLAINED,
    erasure=OnErasure.DELETED,
    note="The text itself, while a model works on it; gone with the answer.",
)[HELD]
_SECRET: Held = held(DataClass.SECRET, Purpose.PROTECTION)[HELD]
_SECRET_COPY: Held = held(
    DataClass.SECRET,
    Purpose.PROTECTION,
    note="A copy that was made before somebody was erased has their key, sealed by the tenant's key of that time: "
    "nothing opens it any more once that version of the tenant's key is destroyed at a key service. With key files, "
    "which are in the copy, it opens for ever: delete the copy. The newest copy does not have it.",
)[HELD]
_OPERATOR: Held = held(
    DataClass.PERSONAL,
    Purpose.ACCESS,
    export=OnExport.EXPLAINED,
    erasure=OnErasure.KEPT,
    note="Of those who operate the service, the accounts that they sign in with: removed in the program itself.",
)[HELD]
_PATH: Held = held(
    DataClass.PERSONAL,
    Purpose.OPERATING,
    Form.RANDOM,
    OnExport.EXPLAINED,
    OnErasure.KEPT,
    "In the log store paths name nobody. As the gateway writes them, and as Docker keeps the last 30 MB, they have the "
    "id of a person, which leads nowhere once they are erased, or the tenant's name of one where a caller has put that "
    "into a URL. There is no address, no query and no agent of anybody.",
)[HELD]
_SIGNAL: Held = nothing_personal(Purpose.OPERATING, "What is not declared does not leave the process.")[HELD]
_EVIDENCE: Held = held(
    DataClass.PERSONAL,
    Purpose.ACCOUNTABILITY,
    Form.RANDOM,
    OnExport.EXPLAINED,
    OnErasure.KEPT,
    "Of people only the ids that were drawn for those who were erased. Nothing leads from them to anybody; they keep a "
    "backup from bringing somebody back.",
)[HELD]
_SETTING: Held = nothing_personal(Purpose.OPERATING)[HELD]
_MODEL: Held = nothing_personal(
    Purpose.ANSWERING,
    "Weights, labels, scores, and digests of the training files. The files themselves are read and not copied.",
)[HELD]

_YOURS = "only you know how far back you may have to go"
PLACES = (
    Place(
        "PostgreSQL's files",
        "Beside the tables: rows that were deleted and not yet overwritten, and the write-ahead log.",
        _COPY,
        Kept("a database that writes in place could not survive a crash", until="VACUUM and new segments overwrite it"),
        ("postgres",),
        ("postgres",),
    ),
    Place(
        "backups",
        "Dumps of the database, made by `make backup`: what is sealed there is sealed in them.",
        _COPY,
        Kept(_YOURS, until="whoever keeps them deletes them (Slipway deletes no backup)"),
        ("backups",),
    ),
    Place(
        "backups of the keys",
        "The secrets of the stack, and the wrapped keys of tenants and subjects (`slipway.keys`), apart from the data. "
        "With all three, everything can be read.",
        _SECRET_COPY,
        Kept(_YOURS, until="whoever keeps them deletes them; of the schedule's, the next takes the place of the last"),
        ("backup-keys",),
        ("key-backups",),
    ),
    Place(
        "keys and passwords",
        "Files, or Secrets of the cluster, that only the processes may read which need them.",
        _SECRET,
        Kept("what they open needs them", until="they are replaced"),
        ("keys", "local.env"),
        ("secrets", "tenant-keys"),
    ),
    Place(
        "evidence",
        "Signed lines that outlive the database: ids of tenants, how far their audit logs go, who was erased, reviews.",
        _EVIDENCE,
        Kept(
            "what was cut off the audit log is found by it, and whom a backup must not bring back",
            until="an operator moves old files away",
        ),
        ("evidence", "backup-evidence"),
        ("evidence",),
    ),
    Place(
        "open keys in memory",
        "Tenants' keys as the key provider opened them.",
        _SECRET,
        Kept("to ask the provider for each request would be slow, and stop with it", setting="tenant_key_ttl"),
    ),
    Place(
        "recognised API keys in memory",
        "Digests of keys, and whose they are.",
        _SECRET,
        Kept("a revoked key has to die within seconds", setting="key_cache_ttl"),
    ),
    Place(
        "inputs and answers in memory",
        "In the API and the workers, while a model works on them.",
        _PASSING,
        Kept("a model reads plain text", until="they are answered"),
    ),
    Place(
        "log lines",
        "On standard output, then in the log store; on one machine in files of 10 MB. Docker keeps the last 30 MB.",
        _SIGNAL,
        Kept("a failure is looked into within days", setting="log_retention_days"),
        ("logs",),
        ("elasticsearch", "collector"),
    ),
    Place(
        "the gateway's access log",
        "Method, path, status and time of each request.",
        _PATH,
        Kept("it is kept with the other log lines", setting="log_retention_days"),
    ),
    Place(
        "traces",
        "Where the time of a request went.",
        _SIGNAL,
        Kept("a slow request is looked into within days (`BADGER_SPAN_STORE_TTL`)", days=3),
        volumes=("traces",),
    ),
    Place(
        "metrics",
        "Counts and times of all requests together.",
        _SIGNAL,
        Kept("objectives are judged by the month (`--storage.tsdb.retention.time`)", days=32),
        volumes=("prometheus", "alertmanager"),
    ),
    Place(
        "the flag server",
        "Which flags are on; what its clients tell it are names of flags and counts.",
        _SETTING,
        Kept("a flag stays as it was set", until="somebody changes it"),
        volumes=("unleash",),
    ),
    Place(
        "accounts of operators",
        "Of Grafana, Kibana and the flag server: the ones they come with, and what you add.",
        _OPERATOR,
        Kept("who operates the service has to sign in", until="the account is removed"),
        volumes=("grafana",),
    ),
    Place(
        "model artifacts",
        "The models that serve, and those before them.",
        _MODEL,
        Kept("a release can be taken back", until="an operator deletes them"),
        ("models",),
    ),
    Place(
        "files of the running stack",
        "Process ids, ports, and Redis' own folder, which stays empty: it writes nothing to disk.",
        _SETTING,
        Kept("the commands find the stack by them", until="the stack is stopped"),
        ("run", "redis"),
    ),
    Place(
        "reports",
        "What drills and benchmarks found, with made-up people.",
        _SETTING,
        Kept("results are compared", until="an operator deletes them"),
        ("reports",),
    ),
)
