"""Backup of the compose stack, and its restoration into an empty one. Python's own library is all that it needs.

`python -m infra.backup create` and `python -m infra.backup restore FOLDER`; docs/backup.md says what is in a backup.
"""
