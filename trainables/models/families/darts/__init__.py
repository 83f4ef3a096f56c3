"""Input-adaptive hard-exit DARTS: a differentiable architecture that bends to its input, with exits that stop.

Equations are numbered as in the document that this follows ("Input-Adaptive Hard-Exit DARTS"; see docs/sources.md). Its
(8) and (10), exit weights from a softmax over all exits and their argmax, are not here: they need every node computed
before one is chosen. Those of exits and their loss, (7), (9) and (11) to (21), are with all networks that have stop
heads: :mod:`trainables.models.stopping`, :mod:`trainables.losses.stopping_loss`, :mod:`trainables.training.bilevel`.
The hard exit, (22), is a rule: :mod:`policies.rules.dual_threshold`. (23) to (27) are what is left without a controller
and without a cost, to which tests hold network and loss.
"""
