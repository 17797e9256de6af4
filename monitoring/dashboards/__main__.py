"""`python -m monitoring.dashboards`: write the dashboards' files."""

from monitoring.dashboards.files import write

if __name__ == "__main__":
    write()
