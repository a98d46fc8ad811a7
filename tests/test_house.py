"""The rooms keep to what their doors say, and the judgement works where no Keras is installed."""

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import meancollapse as mc

PACKAGE = Path(mc.__file__).parent
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
# What each room may use beside itself. None but `repair` writes to a model, and only who acts on
# the user's behalf may use it.
MAY_USE = {
    "judge": set(),
    "backend": set(),
    "look": {"judge", "backend", "losses"},
    "watch": {"judge", "backend", "look"},
    "repair": {"judge", "backend", "look", "watch"},
    "report": {"judge", "version"},
    "diagnosis": {"judge", "backend", "look", "watch", "report"},
    "callbacks": {"judge", "backend", "look", "watch", "repair", "report"},
    "losses": set(),
    "metrics": {"losses"},
}


def imported(path, below="meancollapse"):
    """Modules that a file imports, at its top or in a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole.removeprefix(f"{below}.") in FILES
                found.add(whole if is_module else node.module)
    return found


GRAPH = {
    name: {
        other.removeprefix("meancollapse.")
        for other in imported(path)
        if other.startswith("meancollapse.")
    }
    for name, path in FILES.items()
}


@pytest.mark.policy
@pytest.mark.parametrize("room", MAY_USE)
def test_a_room_uses_only_what_it_may(room):
    others = {
        (name, other)
        for name, used in GRAPH.items()
        if name.partition(".")[0] == room
        for other in used
        if other.partition(".")[0] not in MAY_USE[room] | {room}
    }
    assert others == set()
    assert any(name.startswith(f"{room}.") for name in GRAPH)


@pytest.mark.policy
def test_no_module_needs_itself():
    def reached(name, seen):
        for other in GRAPH.get(name, ()):
            if other not in seen:
                seen.add(other)
                reached(other, seen)
        return seen

    # A room's own door opens on its files and is asked for by none of them.
    assert [name for name in GRAPH if name and name in reached(name, set())] == []


@pytest.mark.policy
def test_the_judgement_and_the_report_import_no_framework():
    frameworks = {"keras", "tensorflow", "jax", "torch"}
    for name, path in FILES.items():
        if name.partition(".")[0] in ("judge", "report") and name != "report.tensorboard":
            roots = {other.partition(".")[0] for other in imported(path)}
            assert not roots & frameworks, name


@pytest.mark.policy
def test_internals_of_keras_are_used_in_one_file():
    found = set()
    for name, path in FILES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("keras.src"):
                found.add(name)
            private = isinstance(node, ast.Attribute) and node.attr in PRIVATE
            if private and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                found.add(name)
    assert found == {"backend.internals"}


PRIVATE = {
    "_call_has_training_arg",
    "_compile_loss",
    "_flatten_layers",
    "_learning_rate",
    "_model_variables_moving_average",
    "_trainable_variables",
    "_value",
}


ALONE = """
import sys
class Refuses:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("keras", "tensorflow", "jax", "torch", "matplotlib"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuses())
import meancollapse as mc
import meancollapse.judge.causes
from meancollapse.judge import verdict
report = mc.Report.from_log(sys.argv[1])
print(report)
assert report.verdicts[-1].state == verdict.state(report.history, report.outputs[0])
assert report.save(sys.argv[2]).stat().st_size > 10_000
from meancollapse.__main__ import main
assert main(["report", sys.argv[1]]) == 0
assert main(["report", sys.argv[1] + ".not"]) == 2
"""


def test_a_log_is_read_and_judged_without_keras(tmp_path):
    from nets import dead_mlp, regression_data, watched

    log = tmp_path / "log.jsonl"
    callback = mc.WarnOnCollapse(log_path=log)
    watched(dead_mlp(), *regression_data(), callback=callback, epochs=4)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ALONE), str(log), str(tmp_path / "page.html")],
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
    )
    assert done.returncode == 0, done.stderr
    assert "dead_relu" in done.stdout


@pytest.mark.policy
def test_the_import_opens_no_room_and_shows_only_public_names():
    code = (
        "import meancollapse as mc, sys; "
        "assert not {'keras', 'tensorflow', 'numpy', 'meancollapse.judge'} & set(sys.modules); "
        "names = dir(mc); assert set(names) == set(mc.__all__) | {'__version__'}; "
        "[getattr(mc, name) for name in names]; assert set(dir(mc)) == set(names)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.policy
def test_a_name_that_is_not_there_is_named():
    with pytest.raises(AttributeError, match="'WarnOnColapse'"):
        mc.WarnOnColapse  # noqa: B018


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "first",
    [
        "import meancollapse; import keras",
        "import keras; import meancollapse",
        "import meancollapse.judge.verdict",
    ],
)
def test_a_model_with_a_loss_of_ours_loads_whatever_is_imported_first(first, tmp_path):
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", mc.SymlogError())
    path = tmp_path / "model.keras"
    model.save(path)
    code = f"{first}; import keras, sys; print(keras.models.load_model(sys.argv[1]).loss.name); "
    code += "assert type(keras.__spec__.loader).__module__.startswith('_frozen_importlib')"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, cwd=PACKAGE.parent
    )
    assert done.returncode == 0, done.stderr
    assert "symlog" in done.stdout
