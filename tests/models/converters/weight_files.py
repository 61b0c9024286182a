"""Writes files of weights as PyTorch and Paddle write them, without PyTorch or Paddle."""

import pickle
import struct
import zipfile

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {"float32": "FloatStorage", "float16": "HalfStorage", "float64": "DoubleStorage", "int64": "LongStorage"}


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value):
    return b"\x8a\x08" + struct.pack("<q", value)


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def call(module, name, arguments):
    """Opcodes that call a function; ``arguments`` are the opcodes of a tuple."""
    return f"c{module}\n{name}\n".encode() + arguments + b"R"


def tensor(key, array, storage=None, offset=0, strides=None):
    """Opcodes of a tensor whose numbers are in the storage ``key``."""
    storage = storage or STORAGES[array.dtype.name]
    strides = [s // array.itemsize for s in array.strides] if strides is None else strides
    pid = b"(" + text("storage") + f"ctorch\n{storage}\n".encode() + text(key) + text("cpu") + number(array.size)
    hooks = call("collections", "OrderedDict", b")")
    arguments = b"(" + pid + b"tQ" + number(offset) + numbers(array.shape) + numbers(strides) + b"\x89" + hooks + b"t"
    return call("torch._utils", "_rebuild_tensor_v2", arguments)


def dictionary(items):
    """Opcodes of a dict of name -> opcodes."""
    return b"}(" + b"".join(text(name) + value for name, value in items.items()) + b"u"


def program(opcodes):
    return b"\x80\x02" + opcodes + b"."


def state(arrays):
    return dictionary({name: tensor(str(i), array) for i, (name, array) in enumerate(arrays.items())})


def write_zip(path, opcodes, blocks, compression=zipfile.ZIP_STORED):
    """PyTorch's format since 1.6: a pickle and blocks of bytes."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", program(opcodes))
        archive.writestr("archive/byteorder", "little")
        for i, block in enumerate(blocks):
            archive.writestr(f"archive/data/{i}", block)
        archive.writestr("archive/version", "3\n")
    return path


def save_torch(path, arrays, wrap=lambda opcodes: opcodes):
    """Like torch.save of a state_dict; ``wrap`` puts its opcodes into something larger."""
    arrays = {name: np.array(array, order="C") for name, array in arrays.items()}
    return write_zip(path, wrap(state(arrays)), [array.tobytes() for array in arrays.values()])


def save_torch_legacy(path, arrays):
    """Like torch.save before 1.6 (or with _use_new_zipfile_serialization=False)."""
    sizes = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    content = state(arrays).replace(b"tQ", b"NtQ")  # a view's metadata, always None by now
    blocks = [struct.pack("<q", array.size) + array.tobytes() for array in arrays.values()]
    parts = [pickle.dumps(MAGIC, 2), pickle.dumps(1001, 2), pickle.dumps(sizes, 2), program(content)]
    keys = pickle.dumps([str(i) for i in range(len(arrays))], 2)
    path.write_bytes(b"".join([*parts, keys, *blocks]))
    return path


def save_paddle(path, arrays, protocol=4):
    """Like paddle.save of a state_dict: a pickle of NumPy arrays and a table of Paddle's own names."""
    table = {"StructuredToParameterName@@": {name: f"linear_{i}" for i, name in enumerate(arrays)}}
    path.write_bytes(pickle.dumps({**arrays, **table}, protocol))
    return path
