"""The sample workload: triage of support messages. Replace this package with your own."""

import os

# ONNX Runtime sends usage data to its maker unless it is told not to, before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
