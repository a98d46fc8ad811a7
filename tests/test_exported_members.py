import pytest

import meancollapse


def test_public_names_are_complete_and_sorted():
    visible = {name for name in dir(meancollapse) if not name.startswith("_")}
    assert meancollapse.__all__ == sorted(meancollapse.__all__)
    assert visible == set(meancollapse.__all__)
    assert all(hasattr(meancollapse, name) for name in meancollapse.__all__)


@pytest.mark.parametrize(
    "name",
    ["WarnOnCollapse", "TerminateOnCollapse", "GradientMonitor", "CollapseWarning"],
)
def test_the_contract_names_are_there(name):
    assert name in meancollapse.__all__


def test_every_public_name_has_a_docstring():
    assert [n for n in meancollapse.__all__ if not getattr(meancollapse, n).__doc__] == []
