"""The sample workload: triage of support messages. Replace this package with your own."""
