"""The load: vegeta, a compiled generator, in closed and in open loops."""
