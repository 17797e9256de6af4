"""Variants: the same tenant has the same one."""

from slipway.flags import Flag, Variant

TENANTS = [f"tenant-{number}" for number in range(200)]


def chosen(flags) -> list[Variant | None]:
    return [flags.variant(Flag.MODEL_VARIANT, tenant=tenant) for tenant in TENANTS]


def test_tenants_are_split_and_stay_where_they_are(unleash, asking, eventually) -> None:
    unleash.split(("control", None), ("candidate", "b@2"))
    eventually(lambda: asking.variant(Flag.MODEL_VARIANT, tenant="tenant-0"))
    first = chosen(asking)
    assert {(variant.name, variant.payload) for variant in first} == {("control", None), ("candidate", "b@2")}
    assert 60 < sum(variant.name == "candidate" for variant in first) < 140
    assert chosen(asking) == first


def test_where_the_flag_is_off_there_is_no_variant(unleash, asking, eventually) -> None:
    unleash.split(("candidate", "b"), rollout=30)
    eventually(lambda: any(chosen(asking)))
    assert 30 < sum(variant is not None for variant in chosen(asking)) < 90
    unleash.split(("candidate", "b"), enabled=False)
    eventually(lambda: not any(chosen(asking)))
