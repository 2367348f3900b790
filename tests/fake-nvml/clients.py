"""Calls functions of pynvml as standard input says and prints what they give, as JSON.

Each line is a list: ["at", nanoseconds] steps the clock; otherwise the name of a function
and its arguments, where "@0" is a device and "@0/1" an instance of it. "gpm" and "layout" are
more than one call.
"""

import ctypes
import json
import os
import sys

import pynvml

ERRORS = {
    value: name.removeprefix("NVML_ERROR_")
    for name, value in vars(pynvml).items()
    if name.startswith("NVML_ERROR_")
}


def handle(text):
    device, _, part = text[1:].partition("/")
    device = pynvml.nvmlDeviceGetHandleByIndex(int(device))
    return pynvml.nvmlDeviceGetMigDeviceHandleByIndex(device, int(part)) if part else device


def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (ctypes.Structure, ctypes.Union)):
        return {name: plain(getattr(value, name)) for name, *_ in value._fields_}
    if isinstance(value, (list, tuple, ctypes.Array)):
        return [plain(item) for item in value]
    if isinstance(value, pynvml.nvmlFriendlyObject):
        return {name: plain(item) for name, item in vars(value).items()}
    if isinstance(value, ctypes.c_uint):
        return value.value
    return value if isinstance(value, (int, float, str, type(None))) else "handle"


def at(nanoseconds):
    with open(os.environ["FAKE_NVML_CLOCK"], "w") as file:
        file.write(str(nanoseconds))


def gpm(device, instance, times, metrics):
    """Metrics between two samples of a device, or of an instance of it."""
    request = pynvml.c_nvmlGpmMetricsGet_t()
    request.version = pynvml.NVML_GPM_METRICS_GET_VERSION
    request.numMetrics = len(metrics)
    samples = [pynvml.nvmlGpmSampleAlloc() for _ in times]
    for sample, time in zip(samples, times):
        at(time)
        if instance is None:
            pynvml.nvmlGpmSampleGet(device, sample)
        else:
            pynvml.nvmlGpmMigSampleGet(device, instance, sample)
    request.sample1, request.sample2 = samples
    for place, metric in zip(request.metrics, metrics):
        place.metricId = metric
    pynvml.nvmlGpmMetricsGet(request)
    for sample in samples:
        pynvml.nvmlGpmSampleFree(sample)
    return [[place.nvmlReturn, place.value] for place in request.metrics[: len(metrics)]]


def layout(name):
    """Size of a structure, and where its fields are, as pynvml has them."""
    kind = getattr(pynvml, name)
    return [ctypes.sizeof(kind), [getattr(kind, field).offset for field, *_ in kind._fields_]]


def run(name, *arguments):
    arguments = [
        handle(one) if isinstance(one, str) and one.startswith("@") else one for one in arguments
    ]
    own = {"at": at, "gpm": gpm, "layout": layout}
    return plain((own.get(name) or getattr(pynvml, name))(*arguments))


for line in sys.stdin:
    try:
        answer = run(*json.loads(line))
    except pynvml.NVMLError as error:
        answer = {"error": ERRORS[error.value]}
    print(json.dumps(answer), flush=True)
