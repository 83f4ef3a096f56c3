"""Made-up summaries of finished searches, for what prints them."""

import numpy as np


LONG = "multi-teacher-with-a-name-that-nobody-would-type-twice"
N_EXITS = 6
_POLICY = {"thresholds": [0.9] * (N_EXITS - 1), "answering": {"level": "reading", "pooling": "evidence"}}


def figures(generator):
    names = ["accuracy", "macro_f1", "mean_depth", "mean_cost", "ece", "nll", "flip_rate", "exit_consistency"]
    names += ["mean_latency_ms", "mean_read", "mean_seconds"]
    mix = generator.dirichlet(np.ones(N_EXITS)).tolist()
    return {name: float(generator.uniform(0, 2)) for name in names} | {"exit_mix": mix}


def _of_one_exit(own):
    several = ("mean_depth", "flip_rate", "exit_consistency", "exit_mix")
    return {name: value for name, value in own.items() if name not in several}


def _hard(generator):
    names = ("accuracy", "mean_cost", "accuracy_difference", "cost_difference")
    return {name: float(generator.uniform(-1, 1)) for name in names}


def made_up_summary(seed):
    """Of a sweep with everything that a summary can hold."""
    generator = np.random.default_rng(seed)
    row = {"trial": LONG, "policy": "greedy_shared_threshold", "is_fallback": True}
    return {
        **{"name": LONG, "workload": "digits", "quality": "macro_f1", "objective": "depth", "target": 0.876},
        **{"bounds": {"worst_class_recall": 0.5}, "budget": None, "delta": 0.05, "feasible": True, "certified": True},
        **{"asked": "macro_f1 0.876", "least_accuracy": 0.8, "undertrained": "", "estimate": None},
        "certificate": {"claim": "macro-F1 is at least 0.876", "reason": "", "bound": 0.88123},
        "selected": {
            **{"rule": "ensemble", "network": LONG, "params": _POLICY},
            **{split: figures(generator) for split in ("search", "certify", "test")},
        },
        "baselines": {
            name: {split: figures(generator) for split in ("search", "certify", "test")}
            for name in ("full_network", "best_single_exit", "study_one_under_budget")
        },
        "baseline_trials": [
            {
                **row,
                **{split: figures(generator) for split in ("search", "test")},
                "same_depth": {"test": figures(generator)},
                "same_accuracy": None,
            }
        ],
        "control": {
            **{"network": f"control-{LONG}-exit-2-width-24", "family": "digits", "width": 24, "exit": 2, "seed": 0},
            **{"macs": 123_456, "budget_macs": 234_567, "relative_cost": 0.1, "parameters": 9_876, "temperature": 1.0},
            "verdict": "no difference that 216 samples of test can show: macro-F1 0.9491 of the policy, 0.9676 of the "
            "plain network (p = 0.344), at cost 0.0682 against 0.0612",
            **{split: _of_one_exit(figures(generator)) for split in ("search", "certify", "test")},
        },
        "soft": {
            split: {
                **{"accuracy": 0.86214, "top5_accuracy": 0.98765, "expected_cost": 0.82614},
                **{name: _hard(generator) for name in ("policy", "stop_at_half")},
            }
            for split in ("search", "certify", "test")
        },
        "fixed_budgets": [
            {
                **{"budget": budget, "position": position, "network": LONG, "rule": "ensemble"},
                "search": {"accuracy": 0.81234, "mean_cost": 0.25},
                "test": {"accuracy": float(generator.uniform()), "mean_cost": 0.26, "p90_cost": 0.5, "worst_cost": 1.0},
            }
            for budget, position in ((0.3, 4), (0.4, 4), (0.5, 9), (1.0, 12))
        ],
        "architecture": {
            **{"n_inputs": 12_000, "n_edges": 10, "operations": {"separable_3x3": 7, "separable_5x5": 2, "zero": 1}},
            **{"is_adaptive": True, "other_than_alpha": 0.98765, "choices_other_than_alpha": 0.12345},
            **{"other_than_most": 0.11111, "perturbation_sd": 0.14736, "squared_norm": 21.0757},
        },
        "alarms": ["depth 1 takes 0.1% of the samples (no signal)", "depth 6 takes 98.7% of the samples (closed)"],
        "oracle": {"search": 1.0, "test": None},
        "trials": {"started": 51, "complete": 12, "pruned": 34, "fail": 5},
        "seconds": 4321.0,
    }
