"""One `fit` under care: when to act, what is kept or taken back, and what a person is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from meancollapse.judge import verdict
from meancollapse.judge.evidence import Evidence
from meancollapse.judge.finding import ROOT
from meancollapse.judge.verdict import Verdict
from meancollapse.look import quiet
from meancollapse.repair import admission, companions, plan
from meancollapse.repair.kept_weights import KeptWeights
from meancollapse.repair.patient import NOT_THE_MODEL, Patient
from meancollapse.repair.rehearse import GAIN, Budget, Rehearsed, choose, learned_by_heart, rehearse
from meancollapse.repair.remedies import activations, fresh_optimizer
from meancollapse.repair.remedies.held_rate import HeldRate
from meancollapse.repair.remedies.rewind import BackToBest
from meancollapse.repair.surgery.memory import CannotRenew
from meancollapse.repair.surgery.surgery import State, Surgery
from meancollapse.repair.treatment import Treatment
from meancollapse.watch.instrument import Instrument

# A rescue may take as long as two epochs. Where these leave less than so many seconds for training
# steps, it takes that, and more at the end of a `fit`, where no training follows. All is estimated
# from the shape of the model: the same on every machine, busy or not.
EPOCHS_OF_TIME, LEAST_SECONDS, LEAST_AT_END = 2.0, 2.4, 12.0
# A remedy is judged after so many steps, or after this share of what is left of a short run.
PROBATION, SHARE_OF_REST = 200, 0.25
# Held-out skill a treatment must reach where no signal was seen: more than luck gives.
SKILL_IN_DOUBT = 0.1
TRIED, KEPT, UNDONE = "on probation", "kept", "taken back"


@dataclass(frozen=True)
class Rescue:
    """One attempt to repair a model.

    Attributes:
        epoch: 0-based epoch at whose end it was made.
        treatment: What was done, as a dict of plain values; `None` if nothing helped in rehearsal.
        rehearsed: Number of treatments rehearsed.
        skill_before: Held-out skill before, −1 at worst.
        skill_rehearsed: Held-out skill at the end of the rehearsal.
        skill_after: Held-out skill at the end of the probation; `None` until then.
        outcome: `"on probation"`, `"kept"` or `"taken back"`.
        seconds: What choosing it cost.
    """

    epoch: int
    treatment: dict[str, Any] | None
    rehearsed: int
    skill_before: float
    skill_rehearsed: float
    skill_after: float | None
    outcome: str
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict of plain values, ready for `json.dumps`."""
        return asdict(self)


@dataclass
class _Attempt:
    """One attempt while it is made: what was found, who is treated, and what was tried."""

    found: Verdict
    evidence: Evidence
    in_doubt: bool
    surgery: Surgery
    patient: Patient
    before: State
    skill_before: float
    began: float
    candidates: list[Treatment] = field(default_factory=list)
    trials: list[Rehearsed] = field(default_factory=list)
    by_heart: bool = False


@dataclass
class _Probation:
    """What is needed to judge a treatment and to take it back."""

    output: str
    before: State
    skill_before: float
    until: int


class Rescuer:
    """Treats one model during one `fit`.

    Args:
        attached: The instrument of the `fit`.
        max_rescues: How many treatments may be applied.
        allow_activation_changes: Whether activations may be swapped.
        say: Takes each line a person reads.
        clock: Tells the time in seconds.
    """

    # What is rehearsed and what is done, in words.
    tried, done = ("remedy", "remedies"), "rescue"

    def __init__(
        self,
        attached: Instrument,
        max_rescues: int,
        allow_activation_changes: bool,
        say: Callable[[str], None],
        clock: Callable[[], float],
    ):
        self.instrument = attached
        self.max_rescues = max_rescues
        self.allow_activation_changes = allow_activation_changes
        self.say = say
        self.clock = clock
        # What chooses treatments, and how much skill one must add in rehearsal (see benchmarks).
        self.propose = plan.treatments
        self.gain = GAIN
        self.rescues: list[Rescue] = []
        self._surgery: Surgery | None = None
        self._probation: _Probation | None = None
        # By output: whether its head can give next to none of its targets, when last examined.
        self._unable: dict[str, bool] = {}
        self._said = ""
        self._kept = KeptWeights(attached.model)
        self._epochs = 0
        self._rest_until = 0
        self._has_given_up = False
        self._held: HeldRate | None = None
        self._has_held = False

    @property
    def factor_on_rates(self) -> float:
        """What a rate read from the optimizer is to be multiplied by."""
        surgery = self._surgery
        return (surgery.dial_settings or {}).get("rate", 1.0) if surgery is not None else 1.0

    def hold_rate(self) -> None:
        """Keep the rate of a rescue, whoever sets another; call it with an epoch's first batch."""
        changed = self._held.put_back() if self._held is not None else None
        if changed is not None and not self._has_held:
            self._has_held = True
            rate, chosen = changed
            self.say(
                f"meancollapse keeps the learning rate at {chosen:.3g}: a callback has set it to "
                f"{rate:.3g} again."
            )

    def note_epoch(self, evidence: Evidence) -> None:
        """Take in an epoch's evidence; keep the weights if they have more skill."""
        self._epochs += 1
        self._kept.note(evidence)

    def act(
        self, verdicts: list[Verdict], evidence: Evidence, doubtful: Sequence[Verdict] = ()
    ) -> None:
        """Judge a treatment on probation, and treat what needs it.

        Args:
            verdicts: This epoch's verdicts, one per output.
            evidence: This epoch's evidence.
            doubtful: Verdicts on outputs that have not collapsed, but have no skill either.
        """
        ill = [v for v in verdicts if _can_be_treated(v)] or list(doubtful)
        hopeless = {v.output for v in ill if self._is_out_of_reach(v, evidence)}
        if self._probation is not None:
            if not self._is_due(evidence, [v for v in ill if v.output not in hopeless]):
                return
            if self._conclude(evidence):
                return
            ill = ill or [v for v in verdicts if v.state != verdict.HEALTHY]
        elif self.rescues and self.rescues[-1].outcome == KEPT and self._kept.exist:
            # A relapse: what a rescue gave it is lost again, to whatever state.
            slips = self._kept.slip_away and len(self.rescues) < self.max_rescues
            ill = ill or [v for v in verdicts if v.state == verdict.UNDECIDED or slips]
        if not ill or self._has_given_up or self._rests(evidence):
            return
        reason = self._why_not(ill[0], evidence)
        hopeful = [v for v in ill if v.output not in hopeless]
        if reason or not hopeful:
            self._leave_alone(evidence, reason or self._what_is_out_of_reach(ill[0]))
            self._has_given_up = bool(reason)  # another output may yet collapse
            return
        self._treat(hopeful[0], evidence, _is_in_doubt(hopeful[0]) or hopeful[0] in doubtful)

    def _is_due(self, evidence: Evidence, ill: list[Verdict]) -> bool:
        assert self._probation is not None
        return evidence.steps >= self._probation.until or evidence.is_last or bool(ill)

    def _rests(self, evidence: Evidence) -> bool:
        """Whether nothing helped a short while ago: the same would hardly help now."""
        return evidence.steps < self._rest_until and not evidence.is_last

    def _why_not(self, found: Verdict, evidence: Evidence) -> str | None:
        """Why this model must not be treated."""
        if found.cause in NOT_THE_MODEL and not _is_in_doubt(found):
            return f"{NOT_THE_MODEL[found.cause]}, and no repair of the model changes that"
        if not all(given.finite for given in evidence.inputs):
            return "there are NaN or Inf among the inputs"
        rows = self.instrument.sample_rows()
        if rows is None or rows[1] is None:
            return "no rows with targets could be captured to try remedies on"
        if not admission.is_finite(rows):
            return "there are NaN or Inf among the inputs or targets"
        if len(self.rescues) >= self.max_rescues:
            return (
                f"{len(self.rescues)} {self.done}s were tried and none lasted. Please read: "
                f"{found.message}"
            )
        return None

    def _leave_alone(self, evidence: Evidence, reason: str) -> None:
        """Say once why nothing is done."""
        if reason != self._said:
            self._said = reason
            self.say(f"Epoch {evidence.epoch + 1}: nothing in the model was changed: {reason}.")

    def _operating_on(self) -> Surgery:
        self._surgery = self._surgery or Surgery(self.instrument)
        return self._surgery

    def _is_out_of_reach(self, found: Verdict, evidence: Evidence) -> bool:
        """Whether a head can give next to none of its targets, and has to stay as it is."""
        output = evidence.output(found.output)
        if output is not None and output.examination is not None:
            self._unable[found.output] = activations.misses_all(output.examination.head)
        if found.cause != "output_activation" or not self._unable.get(found.output):
            return False
        return not (self.allow_activation_changes and self._head_swaps())

    def _head_swaps(self) -> tuple[tuple[str, str], ...]:
        surgery = self._operating_on()
        return activations.head_swaps(surgery.sites, surgery.targets)

    def _what_is_out_of_reach(self, found: Verdict) -> str:
        fault, leave = found.findings[0].evidence, activations.ask_leave(self._head_swaps())
        return f"{fault}, and no repair of the weights changes that{leave}"

    def _treat(self, found: Verdict, evidence: Evidence, in_doubt: bool) -> None:
        attempt = self._attempt(found, evidence, in_doubt)
        try:
            with quiet.preserved(attempt.surgery.model):
                self._rehearse(attempt)
        except CannotRenew as error:
            self._has_given_up = True
            self._leave_alone(evidence, str(error).rstrip("."))
            return
        best = choose(attempt.trials, attempt.candidates)
        if in_doubt and (best is None or best.skill < SKILL_IN_DOUBT):
            self._has_given_up = True
            self._leave_alone(evidence, self._why_in_doubt(attempt))
            return
        if best is not None and not self._helps(best, attempt):
            best = None
        if best is None and not in_doubt and not evidence.is_last:
            best = learned_by_heart(attempt.surgery, attempt.trials, attempt.candidates)
            attempt.by_heart = best is not None
        self.rescues.append(self._entry(attempt, best))
        if best is None:
            self._rest_until = evidence.steps + _length(evidence)
            self._tell(evidence, self._what_was_tried(attempt))
            return
        done = self._give(best)
        self._begin_anew(best.skill)
        self._kept.watch()
        if done.rate is not None:
            self._held = HeldRate(attempt.surgery.model.optimizer, attempt.patient.rate)
        if not evidence.is_last:
            until = evidence.steps + max(_length(evidence), self._least_probation(best))
            self._probation = _Probation(found.output, attempt.before, attempt.skill_before, until)
        self._tell(evidence, self._what_was_done(attempt, best, done))

    def _attempt(self, found: Verdict, evidence: Evidence, in_doubt: bool) -> _Attempt:
        surgery, began = self._operating_on(), self.clock()
        patient = admission.admit(surgery, found, evidence, self._kept.exist)
        before, skill = surgery.save(), surgery.skill()
        return _Attempt(found, evidence, in_doubt, surgery, patient, before, skill, began)

    def _rehearse(self, attempt: _Attempt) -> None:
        surgery, is_last = attempt.surgery, attempt.evidence.is_last
        budget = self._budget(surgery, attempt.evidence)
        attempt.candidates = self._candidates(surgery, attempt.patient, budget)
        attempt.trials = rehearse(
            surgery, attempt.candidates, self._kept, budget, is_last, len(self.rescues)
        )

    def _entry(self, attempt: _Attempt, best: Rehearsed | None) -> Rescue:
        skill = attempt.skill_before if best is None else best.skill
        is_last = attempt.evidence.is_last
        return Rescue(
            epoch=attempt.evidence.epoch,
            treatment=None if best is None else best.treatment.to_dict(),
            rehearsed=len(attempt.trials),
            skill_before=attempt.skill_before,
            skill_rehearsed=skill,
            skill_after=skill if is_last or best is None else None,
            outcome=UNDONE if best is None else KEPT if is_last else TRIED,
            seconds=round(self.clock() - attempt.began, 3),
        )

    def _why_in_doubt(self, attempt: _Attempt) -> str:
        no_signal = _is_in_doubt(attempt.found)
        reason = NOT_THE_MODEL["no_signal"] if no_signal else "no skill was found"
        return f"{reason}, nor did {len(attempt.trials)} {self.tried[1]} rehearsed find any"

    def _what_was_tried(self, attempt: _Attempt) -> str:
        words = f"none of {len(attempt.trials)} {self.tried[1]} rehearsed raised the held-out skill"
        hint = self._what_else(attempt.found, attempt.patient)
        return f"{words} ({attempt.skill_before:.2g}); nothing was changed{hint}"

    def _what_was_done(self, attempt: _Attempt, best: Rehearsed, done: Treatment) -> str:
        one, many = self.tried
        count = len(attempt.trials)
        which = f"the first {one}" if count == 1 else f"best of {count} {many}"
        numbers = f"held-out skill {attempt.skill_before:.2g} -> {best.skill:.2g}"
        if attempt.by_heart:
            numbers = "it learned the rows tried, and only training can tell about others"
        return f"{done.describe()} ({which} rehearsed; {numbers})"

    def _helps(self, best: Rehearsed, attempt: _Attempt) -> bool:
        """Whether a treatment adds skill; where no training follows, there must be some as well."""
        if best.skill < attempt.skill_before + self.gain:
            return False
        surgery = attempt.surgery
        if not attempt.evidence.is_last or len(surgery.targets) == 1:
            return best.skill >= self.gain or not attempt.evidence.is_last
        before = surgery.save()
        surgery.restore(best.state)
        skill = surgery.skills().get(attempt.found.output, best.skill)
        surgery.restore(before)
        return skill >= self.gain

    def _candidates(self, surgery: Surgery, patient: Patient, budget: Budget) -> list[Treatment]:
        """What is rehearsed, the most promising first."""
        used = [rescue.treatment for rescue in self.rescues]
        wanted = self.propose(patient, self.allow_activation_changes)
        return [treatment for treatment in wanted if treatment.to_dict() not in used]

    def _give(self, best: Rehearsed) -> Treatment:
        """Let training go on with the best; it goes on from where the rehearsal ended."""
        self._operating_on().restore(best.state)
        return best.treatment

    def _least_probation(self, best: Rehearsed) -> int:
        """Steps after which the best can be judged at the earliest."""
        return 0

    def _what_else(self, found: Verdict, patient: Patient) -> str:
        """What might help where nothing did, as the end of a sentence."""
        return "" if self.allow_activation_changes else activations.ask_leave(patient.head_swaps)

    def _conclude(self, evidence: Evidence) -> bool:
        """The end of a probation: whether the treatment stays."""
        probation, surgery = self._probation, self._surgery
        assert probation is not None and surgery is not None
        self._probation = None
        skill = surgery.skill()
        of_output = surgery.skills().get(probation.output, skill)
        helped = skill >= probation.skill_before + GAIN and of_output >= GAIN
        last = self.rescues[-1]
        self.rescues[-1] = replace(last, skill_after=skill, outcome=KEPT if helped else UNDONE)
        numbers = f"held-out skill {probation.skill_before:.2g} -> {skill:.2g}"
        if helped:
            words = f"the {self.done} of epoch {last.epoch + 1} is kept ({numbers})"
            self.say(f"Epoch {evidence.epoch + 1}: {words}.")
            return True
        surgery.restore(probation.before)
        self._begin_anew(probation.skill_before)
        self._held = None
        words = (
            f"took back the {self.done} of epoch {last.epoch + 1}, which did not help ({numbers})"
        )
        self._tell(evidence, words)
        return False

    def undo_averaging(self, evidence: Evidence) -> None:
        """Go back to the best trained weights, if the averages that replaced them have no skill."""
        if not self._kept.exist or len(self.rescues) >= self.max_rescues:
            return
        began = self.clock()
        surgery = self._operating_on()
        before, skill_before = surgery.save(), surgery.skill()
        self._kept.apply()
        skill = surgery.skill()
        if skill < skill_before + GAIN:
            surgery.restore(before)
            return
        fresh_optimizer.apply(surgery.model.optimizer)
        self._begin_anew(skill)
        treatment, seconds = Treatment(BackToBest()), round(self.clock() - began, 3)
        self.rescues.append(
            Rescue(
                evidence.epoch, treatment.to_dict(), 0, skill_before, skill, skill, KEPT, seconds
            )
        )
        numbers = f"held-out skill {skill_before:.2g} -> {skill:.2g}"
        words = f"put the trained weights back in place of their averages ({numbers})"
        self._tell(evidence, words)

    def _begin_anew(self, skill: float) -> None:
        """The callbacks beside us are to judge the network of now, and not the one before."""
        companions.begin_anew(self.instrument.fit.callbacks, skill > self._kept.skill)

    def _tell(self, evidence: Evidence, words: str) -> None:
        """What was done, in the log and in the history."""
        self.say(f"Epoch {evidence.epoch + 1}: meancollapse {words}.")
        self.instrument.note_action(words)

    def _budget(self, surgery: Surgery, evidence: Evidence) -> Budget:
        per_step, prepare = surgery.effort()
        seconds = EPOCHS_OF_TIME * evidence.steps / max(1, self._epochs) * per_step - prepare
        if seconds >= LEAST_SECONDS:
            return Budget(per_step, seconds, prepare, is_tight=True)
        return Budget(per_step, LEAST_AT_END if evidence.is_last else LEAST_SECONDS, prepare)


def _is_in_doubt(found: Verdict) -> bool:
    """Where no signal was seen: a rehearsal that learns shows that there is one."""
    return found.state == verdict.NO_SIGNAL or (
        found.state == verdict.COLLAPSED and found.cause == "no_signal"
    )


def _can_be_treated(found: Verdict) -> bool:
    """A broken network, or one without a signal to be seen that has a fault of its own as well."""
    if found.state == verdict.NO_SIGNAL:
        return any(f.strength >= ROOT and f.cause not in NOT_THE_MODEL for f in found.findings)
    return found.state in (verdict.COLLAPSED, verdict.NON_FINITE)


def _length(evidence: Evidence) -> int:
    """Steps of a probation."""
    if evidence.planned_steps is None:
        return PROBATION
    return min(PROBATION, int(SHARE_OF_REST * (evidence.planned_steps - evidence.steps)))
