import random
import threading

from policies.evolution.randomness import seeded_global_random


def draws(seed, count=50):
    with seeded_global_random(seed):
        return [random.random() for _ in range(count)]


def test_state_comes_back_even_after_an_error():
    state = random.getstate()
    try:
        with seeded_global_random(1):
            random.random()
            raise KeyError
    except KeyError:
        pass
    assert random.getstate() == state


def test_two_threads_do_not_disturb_each_other():
    expected = {seed: draws(seed) for seed in range(4)}
    found = {}
    threads = [threading.Thread(target=lambda s=seed: found.update({s: draws(s)})) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
