"""From the files of a run to PASS, FAIL or INVALID. docs/verdicts.md tells what each of them means."""
