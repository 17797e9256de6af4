"""The schema versions that serving processes read are those that Alembic works with."""

import pytest
from alembic.script import ScriptDirectory

from slipway.database import revisions
from slipway.database.migrations import configuration


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder in the place of the migrations."""
    (tmp_path / "versions").mkdir()
    monkeypatch.setattr(revisions, "MIGRATIONS", tmp_path)
    for cached in (revisions.head, revisions._chain):
        cached.cache_clear()
    yield tmp_path / "versions"
    for cached in (revisions.head, revisions._chain):
        cached.cache_clear()


def test_they_are_those_of_alembic():
    scripts = ScriptDirectory.from_config(configuration())
    known = {script.revision for script in scripts.walk_revisions()}
    assert revisions.head() == scripts.get_current_head()
    assert len(known) > 2
    assert all(revisions.is_known(revision) for revision in known)
    assert not revisions.is_known("from-the-future")


def test_two_ends_are_a_defect(folder):
    (folder / "1.py").write_text('revision = "1"\ndown_revision = None\n')
    (folder / "2.py").write_text('revision: str = "2"\ndown_revision: str | None = "1"\n')
    (folder / "3.py").write_text('revision = "3"\ndown_revision = "1"\n')
    with pytest.raises(ValueError, match="2 last migrations"):
        revisions.head()


def test_a_migration_that_does_not_say_what_it_is_is_a_defect(folder):
    (folder / "1.py").write_text("revision = make_revision()\ndown_revision = None\n")
    with pytest.raises(ValueError, match=r"1\.py does not say"):
        revisions.head()
