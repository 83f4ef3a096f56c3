"""The formulas of the losses in plain numpy, one sample and class at a time where that is clearest."""

import numpy as np


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def softmax(z):
    return np.exp(log_softmax(z))


def cross_entropy(z, labels, smoothing=0.0):
    log_p = log_softmax(z)
    n_classes = z.shape[-1]
    aim = np.full(log_p.shape, smoothing / n_classes)
    aim[np.arange(len(labels)), labels] += 1 - smoothing
    return -(aim * log_p).sum(axis=-1).mean()


def kl(p, q):
    return sum(a * np.log(a / b) for a, b in zip(p, q, strict=True))


def kd(student, teacher, temperature, gamma=0.0):
    """Mean over samples of c T^2 KL(teacher || student)."""
    total = 0.0
    for s, t in zip(softmax(student / temperature), softmax(teacher / temperature), strict=True):
        total += max(t) ** gamma * temperature**2 * kl(t, s)
    return total / len(student)


def dkd(student, teacher, labels, temperature, form, gamma=0.0):
    """T^2 TCKD and T^2 NCKD, means over samples."""
    target_class = others = 0.0
    rows = zip(softmax(student / temperature), softmax(teacher / temperature), labels, strict=True)
    for s, t, y in rows:
        weight = max(t) ** gamma * temperature**2
        if form == "dkd":
            target_class += weight * kl([t[y], 1 - t[y]], [s[y], 1 - s[y]])
        else:
            target_class += weight * -t[y] * np.log(s[y])
        rest_s, rest_t = np.delete(s, y), np.delete(t, y)
        others += weight * kl(rest_t / rest_t.sum(), rest_s / rest_s.sum())
    return target_class / len(student), others / len(student)


def margin(z, labels):
    return np.array([z[i, y] - max(np.delete(z[i], y)) for i, y in enumerate(labels)])
