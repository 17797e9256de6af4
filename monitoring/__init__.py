"""What watches Slipway: metrics, rules, dashboards, logs. The Python in here writes and checks configuration."""
