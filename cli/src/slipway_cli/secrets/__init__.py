"""What `docker compose up` makes at its first start: passwords, keys and certificates, a folder for each service."""
