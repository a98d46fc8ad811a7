"""The search for a treatment, on a model that does as it is told."""

import pytest

from meancollapse.repair import rehearse as rehearsal
from meancollapse.repair.rehearse import Budget, choose, rehearse
from meancollapse.repair.remedies.clipping import ClipGradients
from meancollapse.repair.remedies.learning_rate import LearningRate
from meancollapse.repair.remedies.reinitialise import Reinitialise
from meancollapse.repair.treatment import Treatment


class Scripted:
    """Skill by rate and steps trained so far, in place of a model."""

    def __init__(self, skills):
        self.skills = skills
        self.state = self.begun = ("before", 0)
        self.trained = []
        self.on_all_rows = []

    def save(self):
        return self.state

    def restore(self, state):
        self.state = state

    def train(self, steps, seed, all_rows=False):
        rate, done = self.state
        self.state = (rate, done + steps)
        if all_rows:
            self.on_all_rows.append((rate, steps))
        else:
            self.trained.append(rate)

    def skill(self):
        rate, done = self.state
        return self.skills[rate](done)


@pytest.fixture(autouse=True)
def plans(monkeypatch):
    def operate(surgery, treatment, best, seed):
        if treatment.rate < 0:
            raise ValueError("no such layer")
        surgery.state = (treatment.rate, 0)

    monkeypatch.setattr(rehearsal, "operate", operate)
    monkeypatch.setattr(rehearsal, "PLANS", (((10, 3), (20, 2), (40, 1)),))


# A thousand steps take a second, so nothing need be hurried.
AMPLE = Budget(per_step=1e-3, seconds=1e3, prepare=0.0)


def search(skills, budget=AMPLE, make=lambda rate: Treatment(LearningRate(rate)), **arguments):
    surgery = Scripted(skills)
    treatments = [make(rate) for rate in skills]
    tried = rehearse(surgery, treatments, None, budget, **arguments)
    assert surgery.state == surgery.begun
    return surgery, tried, choose(tried, treatments)


def test_the_first_treatment_that_learns_ends_the_search():
    surgery, _, best = search({1.0: lambda n: 0.1, 2.0: lambda n: 0.75, 3.0: lambda n: 0.99})
    assert surgery.trained == [1.0, 2.0]
    assert best.treatment.rate == 2.0


def test_the_longer_a_search_takes_the_less_ends_it():
    skills = {1.0: lambda n: 0.4, 2.0: lambda n: 0.5, 3.0: lambda n: 0.9}
    for steps, is_tight, trained in ((1000, True, 3), (30, True, 2), (10, True, 1), (10, False, 2)):
        surgery, _, _ = search(skills, Budget(1e-3, steps * 1e-3, 0.0, is_tight))
        assert len(surgery.trained) == trained
    noise = dict.fromkeys(skills, lambda n: 0.02)
    surgery, _, _ = search(noise, Budget(1e-3, 0.01, 0.0, is_tight=True))
    assert len(surgery.trained) > 3


def test_what_needs_no_new_step_has_another_round_before_one_is_compiled():
    def own_step_below_three(rate):
        wide = [ClipGradients(), Reinitialise(fold_inputs=True)] if rate >= 3 else []
        return Treatment(LearningRate(rate), *wide)

    skills = {1.0: lambda n: n / 50, 2.0: lambda n: 0.0, 3.0: lambda n: 0.65}
    compiling = Budget(1e-3, 0.1, 0.05)
    surgery, _, best = search(skills, compiling, own_step_below_three)
    assert surgery.trained == [1.0, 2.0, 1.0, 2.0]
    assert (best.treatment.rate, best.steps) == (1.0, 30)
    skills[1.0] = lambda n: n / 150
    surgery, _, best = search(skills, compiling, own_step_below_three)
    assert surgery.trained[:5] == [1.0, 2.0, 1.0, 2.0, 3.0]
    assert best.treatment.rate == 3.0


def test_rounds_go_on_with_the_best_and_end_when_one_adds_nothing():
    rising = {1.0: lambda n: 0.2, 2.0: lambda n: n / 200, 3.0: lambda n: 0.1}
    surgery, _, best = search(rising)
    assert surgery.trained == [1.0, 2.0, 3.0, 1.0, 3.0]
    assert best.treatment.rate == 1.0
    surgery, _, best = search({1.0: lambda n: 0.01, 2.0: lambda n: n / 200, 3.0: lambda n: 0.0})
    assert surgery.trained == [1.0, 2.0, 3.0, 2.0, 1.0, 2.0]
    assert best.skill == pytest.approx(0.35)
    assert best.steps == 70


def test_of_equals_the_most_promising_is_chosen_and_the_best_moment_kept():
    _, tried, best = search({1.0: lambda n: 0.5 - n / 1000, 2.0: lambda n: 0.5, 3.0: lambda n: 0})
    assert best.treatment.rate == 1.0
    assert best.state == (1.0, 10)
    assert tried[0].skill == 0.5


def test_in_the_last_epoch_the_best_is_trained_to_its_end():
    slow = {1.0: lambda n: 0.75, 2.0: lambda n: min(0.8, n / 400)}
    surgery, _, best = search(slow, is_last=True)
    assert best.treatment.rate == 1.0
    assert surgery.trained.count(2.0) > 1
    assert surgery.trained[-rehearsal.IN_VAIN :] == [1.0] * rehearsal.IN_VAIN
    _, _, best = search({1.0: lambda n: min(1.0, n / 300)}, is_last=True)
    assert best.skill >= rehearsal.DONE


def test_in_the_last_epoch_the_best_is_trained_as_long_again_on_all_rows():
    peak = {1.0: lambda n: 0.6 - abs(n - 150) / 1000}  # best after 10 + 20 + 2 x 60 steps
    surgery, _, best = search({**peak, 2.0: lambda n: 0.1}, is_last=True)
    assert surgery.on_all_rows == [(1.0, 150)]
    assert best.state == (1.0, 150)  # ...which was worse there, so it is not kept
    assert best.skill == pytest.approx(0.6)
    surgery, _, best = search({1.0: lambda n: 0.5}, is_last=True)
    assert best.state == (1.0, 20)  # no worse, on more rows: kept
    surgery, _, _ = search({1.0: lambda n: 0.5})
    assert surgery.on_all_rows == []


def test_a_treatment_that_fails_is_passed_over_and_only_failures_are_an_error():
    _, tried, best = search({-1.0: None, 2.0: lambda n: 0.4})
    assert len(tried) == 1
    assert best.treatment.rate == 2.0
    with pytest.raises(ValueError, match="no such layer"):
        search({-1.0: None, -2.0: None})
