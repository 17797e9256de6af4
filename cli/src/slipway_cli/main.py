"""The command `slipway`. A new command is one line here and one module."""

import typer

from slipway.telemetry.logs import keep_logs_apart
from slipway_cli.lazy import Source, lazy_group

COMMANDS = {
    "demo": Source(
        "slipway_cli.demo.command", "Run the main job on real servers and a real model, and show what came out."
    ),
    "up": Source("slipway_cli.up", "Start the whole stack on this machine."),
    "status": Source("slipway_cli.status", "Show what runs."),
    "logs": Source("slipway_cli.logs", "Show the logs of the processes."),
    "restart": Source("slipway_cli.restart", "Replace what runs by new processes; no request fails."),
    "down": Source("slipway_cli.down", "Stop the stack, or what a killed one left behind."),
    "doctor": Source("slipway_cli.doctor.command", "Say what is wrong on this machine, and how to mend it."),
    "tenants": Source("slipway_cli.tenants", "Create and list tenants."),
    "keys": Source("slipway_cli.keys", "API keys, and the encryption keys of the tenants."),
    "audit": Source("slipway_cli.audit", "Check the audit log."),
    "privacy": Source("slipway_cli.privacy", "Say what is held of anybody, and why; and review how it is handled."),
    "retention": Source("slipway_cli.retention", "Delete what is older than its limit, and hold what is not to be."),
    "model": Source("slipway_cli.model", "Build, train and evaluate models."),
    "migrate": Source("slipway_cli.migrate", "Bring the database to this version's schema."),
    "secrets": Source("slipway_cli.secrets.command", "Make and show the secrets of a composed stack."),
    "flags": Source("slipway_cli.flags.command", "Show what is switched off, and declare the flags in Unleash."),
    "settings": Source("slipway_cli.settings", "Print the effective settings, secrets masked."),
}

app = typer.Typer(cls=lazy_group(COMMANDS), add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Run, watch and train Slipway on this machine."""
    keep_logs_apart()
