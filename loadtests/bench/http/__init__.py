"""`python -m loadtests.bench.http`: what the HTTP server below the application costs, granian beside uvicorn."""
