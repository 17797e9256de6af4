"""Jobs: work that is accepted now and answered later, without losing or repeating any of it."""
