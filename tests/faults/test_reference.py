from itertools import product

from tests.faults.matrix import MATRIX, Dependency
from tests.faults.proxy import Fault
from tests.faults.reference import PAGE, page


def test_the_page_shows_the_matrix_as_it_is():
    text = PAGE.read_text("utf-8")
    assert page(text) == text, "run `make docs`"


def test_every_dependency_is_tried_with_every_fault():
    faults = [fault for fault in Fault if fault is not Fault.NONE]
    assert sorted((row.dependency, row.fault) for row in MATRIX) == sorted(product(Dependency, faults))
