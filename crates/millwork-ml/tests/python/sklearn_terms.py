"""Prints scikit-learn's terms of each document: `sklearn_terms.py DOCUMENTS.json OUT.json`.

Without documents in the file (`null`), the documents are all characters that this Python's Unicode knows, each
between two pairs of letters, and are written beside the terms.
"""

import json
import sys
import unicodedata
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer

documents = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
if documents is None:
    characters = map(chr, range(0x110000))
    documents = [
        f"ab{character}cd {character}{character}"
        for character in characters
        if unicodedata.category(character) not in ("Cn", "Cs")
    ]
analyze = TfidfVectorizer().build_analyzer()
answer = {"documents": documents, "terms": [analyze(document) for document in documents]}
Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")
