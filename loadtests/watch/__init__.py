"""Writes down what Kubernetes does with a release while a load test goes on."""
