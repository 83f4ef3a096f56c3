"""Input-adaptive hard-exit DARTS: a differentiable architecture that bends to its input, with exits that stop.

Equations are numbered as in the document that this follows ("Input-Adaptive Hard-Exit DARTS"; see docs/sources.md). Its
(8) and (10), exit weights from a softmax over all exits and their argmax, are not here: they need every node computed
before one is chosen. Nor are (21) to (27), which state the optimisation and its special cases: tests hold the code to
them.
"""
