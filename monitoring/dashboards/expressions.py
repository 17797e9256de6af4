"""The PromQL that panels have in common."""

INTERVAL = "[$__rate_interval]"


def rate(counter: str, by: str = "", where: str = "") -> str:
    """Return a counter's events a second, summed up by labels (`a, b`), of the series that match (`a="x"`)."""
    return _summed(f"rate({_selector(counter, where)}{INTERVAL})", by)


def share(counter: str, by: str, where: str = "", of: str = "") -> str:
    """Return each value's share of a counter's events; `of` matches what the whole is."""
    return f"{rate(counter, by, where)} / ignoring ({by}) group_left {rate(counter, where=of)}"


def ratio(part: str, whole: str, by: str, where: str = "") -> str:
    """Return one counter's events as a share of another's."""
    return f"{rate(part, by, where)} / {rate(whole, by, where)}"


def quantile(q: float, histogram: str, by: str = "", where: str = "") -> str:
    """Return the value that the share `q` of a histogram's observations does not exceed."""
    return f"histogram_quantile({q}, {buckets(histogram, by, where)})"


def buckets(histogram: str, by: str = "", where: str = "") -> str:
    """Return a histogram's observations a second by bucket, as heat maps want them."""
    return rate(f"{histogram}_bucket", f"le, {by}" if by else "le", where)


def _selector(metric: str, where: str) -> str:
    return f"{metric}{{{where}}}" if where else metric


def _summed(expression: str, by: str) -> str:
    return f"sum by ({by}) ({expression})" if by else f"sum({expression})"
