"""Exports: everything that is held about a person, in one package that only who asked for it can open."""
