import json

from e2e.planted import NAME, PERSONAL, harmless, plants, torn


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in strings(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in strings(inner)]
    return [str(value)]


def test_every_line_carries_what_it_is_said_to_hide():
    planted = plants()
    assert {plant.kind for plant in planted} == PERSONAL.keys() | {NAME}
    for plant in planted:
        said = strings(json.loads(plant.line)) if plant.line.startswith("{") else [plant.line]
        assert any(plant.hidden in text for text in said), plant
        assert "\n" not in plant.line


def test_harmless_lines_differ_and_come_again_from_their_seed():
    lines = harmless(200, 7)
    assert lines == harmless(200, 7)
    assert len({line for line, _ in lines}) == 200
    assert len([fields for _, fields in lines if "trace.id" in fields]) == 100


def test_a_torn_line_is_cut_between_its_halves():
    for line, (first, second) in torn(16_384):
        assert line.encode()[:16_384].decode().endswith(first)
        assert line.encode()[16_384:].decode().startswith(second)
