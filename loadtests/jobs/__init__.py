"""How much of the model's own speed reaches those who send jobs."""
