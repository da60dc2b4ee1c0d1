"""Writes scikit-learn's TF-IDF of documents: `sklearn_tfidf.py TRAIN.json TEST.json OUT_DIR`."""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse
from sklearn.feature_extraction.text import TfidfVectorizer

train_path, test_path, out = sys.argv[1], sys.argv[2], Path(sys.argv[3])
train = json.loads(Path(train_path).read_text(encoding="utf-8"))
test = json.loads(Path(test_path).read_text(encoding="utf-8"))

vectorizer = TfidfVectorizer()
train_features = vectorizer.fit_transform(train)
test_features = vectorizer.transform(test)

(out / "terms.json").write_text(json.dumps(list(vectorizer.get_feature_names_out())), encoding="utf-8")
(out / "idf.json").write_text(json.dumps(vectorizer.idf_.tolist()))
scipy.sparse.save_npz(out / "train.npz", train_features, compressed=False)
scipy.sparse.save_npz(out / "train_again.npz", vectorizer.transform(train), compressed=True)
scipy.sparse.save_npz(out / "test.npz", test_features, compressed=True)
scipy.sparse.save_npz(out / "test_single.npz", scipy.sparse.csr_array(test_features, dtype=np.float32))
scipy.sparse.save_npz(out / "columns.npz", test_features.tocsc())
