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


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def binary_cross_entropy(z, labels, smoothing=0.0, weights=None):
    """Mean over samples and labels, with a weight of each label's positive samples."""
    total = 0.0
    for row, own in zip(sigmoid(z), labels, strict=True):
        for label, (p, y) in enumerate(zip(row, own, strict=True)):
            aim = (1 - smoothing) * y + smoothing / 2
            weight = 1.0 if weights is None else weights[label]
            total -= weight * aim * np.log(p) + (1 - aim) * np.log(1 - p)
    return total / labels.size


def bernoulli_kd(student, teacher, temperature, gamma=0.0):
    """Mean over samples and labels of c T^2 KL(teacher || student)."""
    total = 0.0
    for s, t in zip(sigmoid(student / temperature).flat, sigmoid(teacher / temperature).flat, strict=True):
        total += max(t, 1 - t) ** gamma * temperature**2 * kl([t, 1 - t], [s, 1 - s])
    return total / student.size


def set_margin(z, labels):
    """Log-odds between the true set and the likeliest of all others, gone through one by one."""
    margins = []
    for row, own in zip(z, labels, strict=True):
        sets = np.array(list(np.ndindex(*(2,) * len(own))))
        logs = (sets * np.log(sigmoid(row)) + (1 - sets) * np.log(sigmoid(-row))).sum(axis=1)
        is_true = (sets == own).all(axis=1)
        margins.append(logs[is_true][0] - logs[~is_true].max())
    return np.array(margins)
