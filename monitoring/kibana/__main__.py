"""`python -m monitoring.kibana`: write the saved objects' file."""

from monitoring.kibana.content import FILE, render

if __name__ == "__main__":
    FILE.write_text(render(), "utf-8")
