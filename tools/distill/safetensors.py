"""The safetensors format with NumPy alone: what is read here is the teacher, what is written is the small network."""

import json
import struct

import numpy as np

TYPES = {"F32": np.float32, "F16": np.float16}


def read(path):
    """Returns ({name: float32 array}, metadata)."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[begin:end], TYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).astype(np.float32)
    return tensors, metadata


def write(path, tensors, metadata):
    """Writes every array as float16; the data begin at a multiple of 8 bytes."""
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for name, values in tensors.items():
        blob = values.astype(np.float16).tobytes()
        header[name] = {"dtype": "F16", "shape": list(values.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
