"""The registered model's code (MLflow models-from-code): images in, painted images out.

Input: float32 ``(N, C, H, W)`` in [0, 1]; NaN pixels are holes. Parameter ``mask``: where to paint
images without holes. Output: float32 of the same shape.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np


class Painter(mlflow.pyfunc.PythonModel):  # type: ignore[misc] # mlflow is not typed here
    """Loads the model folder among the artifacts and paints with it."""

    def load_context(self, context: Any) -> None:
        """Load the weights, once."""
        from efface.models.checkpoint import load_model

        self._model = load_model(Path(context.artifacts["checkpoint"]))

    def predict(
        self, context: Any, model_input: np.ndarray, params: dict[str, Any] | None = None
    ) -> np.ndarray:
        """Paint; see ``efface.serving.painting.paint_array`` for shapes and errors."""
        from efface.serving.painting import paint_array

        return paint_array(self._model, model_input, str((params or {})["mask"]))


mlflow.models.set_model(Painter())
