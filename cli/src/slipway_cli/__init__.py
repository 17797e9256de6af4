"""One command for everything a person does."""
