"""The table of who reaches whom: it cannot pass because nothing listens, or because nobody gets anywhere."""

from cluster.routes import CLUSTER_API, DNS, LISTENER, OUTSIDER, ROUTES, STRANGER

PARTS = {"api", "worker", "scheduler", "postgresql", "redis"}


def test_no_connection_is_expected_both_ways():
    assert len({(route.source, route.target, route.port) for route in ROUTES}) == len(ROUTES)


def test_whoever_is_blocked_gets_somewhere_else_or_never_has_to():
    never = {"postgresql", "redis"}
    for source in {route.source for route in ROUTES} - never:
        assert {route.passes for route in ROUTES if route.source == source} == {True, False}, source


def test_strangers_reach_no_part_of_the_release():
    listening = {(route.target, route.port) for route in ROUTES if route.target in PARTS}

    for stranger in (OUTSIDER, STRANGER):
        blocked = {(route.target, route.port) for route in ROUTES if route.source == stranger and not route.passes}
        assert blocked == listening, stranger


def test_what_others_are_kept_from_is_reached_by_somebody():
    for target, port in (("postgresql", 5432), ("redis", 6379), (LISTENER, 8080), (DNS, 53)):
        assert [route for route in ROUTES if (route.target, route.port) == (target, port) and route.passes], target


def test_no_part_reaches_the_api_of_the_cluster():
    assert {route.source for route in ROUTES if route.target == CLUSTER_API and not route.passes} >= PARTS
    assert not [route for route in ROUTES if route.target == CLUSTER_API and route.passes]
