"""The audit of how data are handled: what is declared, beside what is the case; its dated reports are evidence."""
