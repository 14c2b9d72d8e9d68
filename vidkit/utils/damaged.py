"""What libraries raise inside when a file is damaged: more kinds than they tell."""

from __future__ import annotations

import pickle
import struct
import tokenize
import zipfile
import zlib

# an archive that is cut, or a header of .npy, which is a Python literal, that is none
DAMAGED_ARRAYS = (
    OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, SyntaxError, EOFError,
    MemoryError, RuntimeError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, struct.error,
    pickle.UnpicklingError,
)  # fmt: skip
"""Of `np.load` and of reading what it gave; RuntimeError has RecursionError and NotImplementedError."""
