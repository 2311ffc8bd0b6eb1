"""PyMC: its own NUTS, and its ADVI, on all rows or with a likelihood scaled to them."""

import time
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

#: Draws that are taken from a variational approximation.
N_ADVI_DRAWS = 4000


def mixture_log_lik(first: Any, second: Any, mu: Any, pi: Any) -> Any:
    """Return the log likelihood of each row from its two coordinates, labels marginalised."""
    terms = [
        pt.log(pi[..., k]) - ((first - mu[..., k, 0]) ** 2 + (second - mu[..., k, 1]) ** 2) / 2
        for k in range(2)
    ]
    return pt.logaddexp(*terms) - np.log(2 * np.pi)


def mixture(first: Any, second: Any, *, total_size: int | None = None) -> pm.Model:
    """Define the mixture.

    The second coordinates are handed over beside the first, which are observed: for observations
    of two dimensions PyMC 6.4 scales the cost of mini-batches by a wrong number.

    Parameters
    ----------
    first, second : array or tensor, shape (n_rows,)
        Coordinates of the observations or of a mini-batch of them.
    total_size : int, optional
        How many rows a mini-batch stands for.
    """
    scaled = {} if total_size is None else {"total_size": total_size}
    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 1, shape=(2, 2))
        pi = pm.Dirichlet("pi", a=np.full(2, 0.1))
        pm.CustomDist(
            "y",
            second,
            mu,
            pi,
            logp=mixture_log_lik,
            signature="(),(k,d),(k)->()",
            observed=first,
            **scaled,
        )
    return model


def nuts(rows: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Sample with PyMC's own NUTS; the warm time is the one that PyMC tells of its sampling."""
    colds, warms, draws = [], [], []
    for seed in job["seeds"]:
        start = time.perf_counter()
        trace = pm.sample(
            model=mixture(rows[:, 0], rows[:, 1]),
            nuts_sampler="pymc",
            chains=job["n_chains"],
            cores=job["n_chains"],
            tune=job["n_warmup"],
            draws=job["n_draws"],
            target_accept=job["adapt_delta"],
            random_seed=seed,
            progressbar=False,
            compute_convergence_checks=False,
        )
        colds.append(time.perf_counter() - start)
        warms.append(float(trace.posterior.attrs["sampling_time"]))
        draws.append({name: trace.posterior[name].to_numpy() for name in ("mu", "pi")})
    return {
        "cold_time_s": colds[0],
        "warm_times_s": warms,
        "draws": {name: np.stack([d[name] for d in draws]) for name in ("mu", "pi")},
        "packages": ["pymc", "pytensor", "numba"],
    }


def advi(rows: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Fit ADVI, on all rows where no batch size is given; the fit time is that of its steps alone.

    The job's ``method`` is a class of PyMC's, ``ADVI`` or ``FullRankADVI``.
    """
    cold_time_s = _fit_advi(rows, job, job["seeds"][0])[0]
    fits = [_fit_advi(rows, job, seed) for seed in job["seeds"]]
    return {
        "cold_time_s": cold_time_s,
        "warm_times_s": [whole for whole, _, _ in fits],
        "fit_times_s": [float(draws["path_time_s"][-1]) for _, _, draws in fits],
        "draws": {name: np.stack([draws[name] for _, _, draws in fits]) for name in fits[0][2]},
        "packages": ["pymc", "pytensor", "numba"],
    }


def _fit_advi(rows: Any, job: dict[str, Any], seed: int) -> tuple[float, float, Any]:
    """Define the model, fit it and draw; return the times of all that and of the steps, and draws.

    As ``pm.fit`` does, which does more between its steps.  With ``path_`` before their names there
    are draws after some of the steps, and the seconds that the steps had taken until then.
    """
    rate, batch_size = job.get("learning_rate"), job.get("batch_size")
    optimiser = {"obj_optimizer": pm.adagrad(learning_rate=rate)} if rate else {}
    start = time.perf_counter()
    seen = (rows[:, 0], rows[:, 1])
    if batch_size is not None:
        seen = pm.Minibatch(*seen, batch_size=batch_size)
    with mixture(*seen, total_size=None if batch_size is None else len(rows)):
        advi = getattr(pm, job.get("method", "ADVI"))(random_seed=seed)
        step = advi.objective.step_function(score=True, **optimiser)
        step()  # the first one compiles what is left
        times, paths, steps_time_s, n_done = [], [], 0.0, 1
        for n_steps in _checkpoints(job["n_steps"]):
            steps_start = time.perf_counter()
            for _ in range(n_done, n_steps):
                step()
            steps_time_s += time.perf_counter() - steps_start
            n_done = n_steps
            times.append(steps_time_s)
            paths.append(_draws(advi.approx, seed))
    path = {f"path_{name}": np.stack([one[name] for one in paths]) for name in paths[-1]}
    draws = {**paths[-1], **path, "path_time_s": np.array(times)}
    return time.perf_counter() - start, steps_time_s, draws


def _checkpoints(n_steps: int) -> list[int]:
    """Return numbers of steps that double up to the last."""
    return sorted({max(1, n_steps >> halvings) for halvings in range(6)})


def _draws(approximation: Any, seed: int) -> dict[str, Any]:
    """Draw from an approximation."""
    trace = approximation.sample(N_ADVI_DRAWS, random_seed=seed)
    return {name: trace.posterior[name].to_numpy() for name in ("mu", "pi")}
