import pytest
from drill.catalogue import PROOFS
from drill.options import FULL, read_options

NAMES = [proof.name for proof in PROOFS]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", "-1"], "The seed is a whole number from 0 to"),
        (["--seed", "4294967295"], "The seed is a whole number from 0 to"),
        (["--seed", "x"], "invalid int value"),
        (["--only", "nothing"], "invalid choice: 'nothing'"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(arguments, said, capsys):
    with pytest.raises(SystemExit):
        read_options(arguments, NAMES)

    assert said in capsys.readouterr().err


def test_nothing_said_means_everything_at_full_size():
    options = read_options([], NAMES)

    assert (options.seed, options.only, options.sizes) == (1, (), FULL)
    assert (FULL.subjects, FULL.erased, FULL.tamperings, FULL.queries) == (10_000, 1_000, 1_000, 100_000)


def test_a_quick_drill_is_smaller_and_tells_less_time():
    full, quick = (read_options(arguments, NAMES).sizes for arguments in ([], ["--quick"]))

    assert sum(proof.seconds(quick) for proof in PROOFS) < sum(proof.seconds(full) for proof in PROOFS) / 2
