"""Reads an `.npz` matrix with SciPy and writes its parts: `scipy_rows.py IN.npz OUT.json`."""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse

matrix = scipy.sparse.load_npz(sys.argv[1])
with np.load(sys.argv[1]) as arrays:
    targets = arrays["targets"].tolist()
parts = {
    "format": matrix.format,
    "shape": list(matrix.shape),
    "row_offsets": matrix.indptr.tolist(),
    "indices": matrix.indices.tolist(),
    "values": matrix.data.tolist(),
    "sorted": bool(matrix.has_sorted_indices),
    "targets": targets,
}
Path(sys.argv[2]).write_text(json.dumps(parts))
