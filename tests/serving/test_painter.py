import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from efface.models.checkpoint import load_model, save_model
from efface.registry import import_base
from efface.registry.connection import connected
from efface.serving.painting import paint_array
from tests.tiny import tiny_diffusion, tiny_images, tiny_mae, tiny_vqgan

ELSEWHERE = """
import sys, warnings
warnings.simplefilter("ignore")
sys.path[:] = [place for place in sys.path if place != sys.argv[4]]
import mlflow, numpy
loaded = mlflow.pyfunc.load_model(sys.argv[1])
numpy.save(sys.argv[3], loaded.predict(numpy.load(sys.argv[2]), params={"mask": "outpaint:2x2"}))
import efface
print(efface.__file__)
"""


@pytest.fixture
def images() -> np.ndarray:
    images = (tiny_images(3).float() / 255).numpy()
    images[0, :, :8, 4:8] = np.nan
    return images


@pytest.fixture(params=[tiny_mae, tiny_vqgan, tiny_diffusion])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    save_model(request.param(), tmp_path / "model", {})
    return tmp_path / "model"


def test_the_registered_model_paints_as_the_model_does(model, images, registry):
    import mlflow

    imported = import_base(model, name="demo", registry=registry, mask="centre:2x2")
    with connected(registry):
        loaded = mlflow.pyfunc.load_model(imported["uri"])
        painted = loaded.predict(images)
        elsewhere = loaded.predict(images, params={"mask": "outpaint:2x2"})
        with pytest.raises(mlflow.MlflowException, match="shape"):
            loaded.predict(images[:, :, :8])
    own = load_model(model)
    np.testing.assert_array_equal(painted, paint_array(own, images, "centre:2x2"))
    np.testing.assert_array_equal(elsewhere, paint_array(own, images, "outpaint:2x2"))


def test_it_paints_in_a_process_that_has_no_efface(model, images, registry, tmp_path):
    import efface

    import_base(model, name="demo", registry=registry)
    (packed,) = tmp_path.glob("mlflow-artifacts/models/*/artifacts")
    np.save(tmp_path / "in.npy", images)
    source = str(Path(efface.__file__).parents[1])
    files = [packed, tmp_path / "in.npy", tmp_path / "out.npy", source]
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *map(str, files)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(str(packed))
    wanted = paint_array(load_model(model), images, "outpaint:2x2")
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), wanted, atol=1e-6)
