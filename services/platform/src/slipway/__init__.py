"""The apparatus: what every workload needs in production, generic over the workload."""
