"""The questions of a collapse asked offline: before, after or without training."""

from meancollapse.diagnosis.diagnose import diagnose as diagnose
from meancollapse.diagnosis.diagnosis import Diagnosis as Diagnosis
from meancollapse.judge.checkup import Check as Check
