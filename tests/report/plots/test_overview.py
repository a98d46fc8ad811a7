import builtins
import sys

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from reports import report, rescued

import meancollapse as mc
from meancollapse import plots

ALL = [getattr(plots, name) for name in plots.__all__]


def titles(figure):
    return [ax.get_title(loc="left").split("\n")[0] for ax in figure.axes]


def test_the_overview_has_every_plot_and_says_how_it_ends():
    figure = plots.overview(rescued())
    shown = [title for title in titles(figure) if title]
    assert len(shown) == len(plots.__all__) - 1
    assert figure.get_suptitle() == "net: output 'y' ends healthy, repair after epoch 2"


def test_the_overview_takes_an_output_and_refuses_others():
    with pytest.raises(ValueError, match="no output named 'z'"):
        plots.overview(rescued(), "z")


@pytest.mark.parametrize("draw", ALL, ids=plots.__all__)
def test_an_empty_report_can_be_drawn(draw):
    drawn = draw(report())
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_pyplot_knows_none_of_the_figures():
    before = plt.get_fignums()
    assert plots.overview(rescued()).canvas.manager is None
    assert plots.readability(rescued()).figure.canvas.manager is None
    assert plt.get_fignums() == before


@pytest.mark.parametrize("draw", ALL, ids=plots.__all__)
def test_without_matplotlib_it_says_what_to_install(draw, monkeypatch):
    monkeypatch.delitem(sys.modules, "meancollapse.report.plots.canvas", raising=False)
    real = builtins.__import__

    def no_matplotlib(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_matplotlib)
    with pytest.raises(ImportError, match=r'pip install "meancollapse\[plot\]"'):
        draw(rescued())


def test_a_network_that_really_collapses_is_drawn_from_its_report():
    x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu", name="hidden", bias_initializer="ones"),
            keras.layers.Dense(8, activation="relu", name="dead"),
            keras.layers.Dense(1, name="head"),
        ]
    )
    weights = model.get_layer("dead").get_weights()
    model.get_layer("dead").set_weights([-np.abs(weights[0]), weights[1] - 1])
    model.compile("sgd", "mse")
    watcher = mc.WarnOnCollapse()
    with pytest.warns(mc.CollapseWarning):
        model.fit(x, x[:, :1], epochs=12, batch_size=16, verbose=0, callbacks=[watcher])
    made = watcher.report()
    words = [text.get_text() for text in plots.readability(made).texts]
    assert [text for text in words if text.startswith("lost in 'dead'")]
    assert made.plot()._repr_png_().startswith(b"\x89PNG")
