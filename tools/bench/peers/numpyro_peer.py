"""NumPyro's NUTS in double precision, one device of the processor for each chain."""

import time
from typing import Any

import numpy as np
import numpyro

numpyro.enable_x64()
numpyro.set_host_device_count(2)

import jax  # noqa: E402 - reads the number of devices when it is first used
import jax.numpy as jnp  # noqa: E402
from numpyro import distributions as dist  # noqa: E402
from numpyro.infer import MCMC, NUTS  # noqa: E402


def mixture(rows: Any) -> None:
    """Define the mixture, labels marginalised."""
    mu = numpyro.sample("mu", dist.Normal(0, 1).expand([2, 2]).to_event(2))
    pi = numpyro.sample("pi", dist.Dirichlet(jnp.full(2, 0.1)))
    squares = [((rows - mu[k]) ** 2).sum(axis=-1) for k in range(2)]
    terms = [jnp.log(pi[k]) - squares[k] / 2 for k in range(2)]
    log_lik = jnp.logaddexp(*terms) - jnp.log(2 * jnp.pi)
    numpyro.factor("y", log_lik.sum())


def nuts(rows: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Sample once with compilation, then with everything compiled for each seed."""
    data = jnp.asarray(rows)
    start = time.perf_counter()
    sampler = MCMC(
        NUTS(mixture, target_accept_prob=job["adapt_delta"]),
        num_warmup=job["n_warmup"],
        num_samples=job["n_draws"],
        num_chains=job["n_chains"],
        chain_method="parallel",
        progress_bar=False,
    )
    _run(sampler, data, 0)
    cold_time_s = time.perf_counter() - start
    warms, draws = [], []
    for seed in job["seeds"]:
        start = time.perf_counter()
        draws.append(_run(sampler, data, seed))
        warms.append(time.perf_counter() - start)
    return {
        "cold_time_s": cold_time_s,
        "warm_times_s": warms,
        "draws": {name: np.stack([d[name] for d in draws]) for name in ("mu", "pi")},
        "packages": ["numpyro", "jax"],
    }


def _run(sampler: Any, data: Any, seed: int) -> dict[str, Any]:
    sampler.run(jax.random.key(seed), data)
    samples = sampler.get_samples(group_by_chain=True)
    return {name: np.asarray(samples[name]) for name in ("mu", "pi")}
