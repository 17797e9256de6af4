"""What inference costs here, beside the same model without the platform, behind other frameworks, and in-process."""
