"""Predicts with scikit-learn's features by the booster of a stored pipeline, and reads the keys of rows:
`sklearn_pipeline.py TRAIN.json TEST.json PIPELINE.zip INTEGERS.npz TEXTS.npz OUT.json`."""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import scipy.sparse
import xgboost
from sklearn.feature_extraction.text import TfidfVectorizer

train_path, test_path, pipeline_path, integers_path, texts_path, out = sys.argv[1:]
train, test = (json.loads(Path(path).read_text()) for path in (train_path, test_path))

with zipfile.ZipFile(pipeline_path) as archive:
    assert archive.testzip() is None
    entries = archive.namelist()
    booster = xgboost.Booster(model_file=bytearray(archive.read("booster.json")))
    terms = json.loads(archive.read("vectorizer.json"))["terms"]

vectorizer = TfidfVectorizer().fit(train)
assert list(vectorizer.get_feature_names_out()) == terms
predictions = booster.predict(xgboost.DMatrix(vectorizer.transform(test)))

scipy.sparse.load_npz(integers_path)
with np.load(integers_path) as arrays:
    integers = arrays["row_keys"].tolist()
with np.load(texts_path) as arrays:
    text, offsets = arrays["row_keys"].tobytes(), arrays["row_key_offsets"]
    texts = [text[start:end].decode() for start, end in zip(offsets, offsets[1:])]

answer = {
    "entries": entries,
    "predictions": predictions.tolist(),
    "attributes": sorted(booster.attributes()),
    "integers": integers,
    "texts": texts,
}
Path(out).write_text(json.dumps(answer))
