import numpy as np

from triage.heads.fitting import fit_head
from triage.heads.folds import assign_folds
from triage.progress import Silent


def blobs(labels, each, spread, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).normal(size=(labels, 16))
    truth = np.repeat(np.arange(labels), each)
    points = (centres[truth] + rng.normal(size=(len(truth), 16)) * spread).astype(np.float32)
    return points, [f"label{index}" for index in truth]


def test_a_head_generalises_and_knows_how_sure_it_may_be():
    points, labels = blobs(4, 200, 1.5)
    fitted = fit_head(points, labels, [str(row) for row in range(800)], Silent())
    fresh, truth = blobs(4, 500, 1.5, seed=1)
    answers, confidence = fitted.head.decide(fresh)
    accuracy = np.mean(np.array(answers) == np.array(truth))
    assert abs(accuracy - fitted.accuracy) < 0.05
    assert abs(accuracy - confidence.mean()) < 0.05


def test_two_labels_work_as_many_do():
    points, labels = blobs(2, 30, 0.3)
    fitted = fit_head(points, labels, labels_of_rows(60), Silent())
    assert fitted.head.labels == ("label0", "label1")
    assert fitted.head.decide(points)[0] == labels
    assert np.allclose(fitted.head.probabilities(points).sum(axis=1), 1)


def test_a_label_whose_rows_are_one_group_is_still_learnt():
    points, labels = blobs(2, 30, 0.3)
    assert fit_head(points, labels, labels, Silent()).head.decide(points)[0] == labels


def test_folds_keep_groups_whole_and_spread_labels():
    groups = [f"group{row // 5}" for row in range(300)]
    labels = [f"label{row // 100}" for row in range(300)]
    folds = assign_folds(labels, groups, 5)
    assert all(len(set(folds[row : row + 5])) == 1 for row in range(0, 300, 5))
    assert all(set(folds[start : start + 100]) == set(range(5)) for start in (0, 100, 200))


def labels_of_rows(count):
    return [str(row) for row in range(count)]
