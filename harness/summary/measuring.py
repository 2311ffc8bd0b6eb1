"""Which fit is measured against what, and the measurements that the store has already."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from harness.errors import HarnessError, StoreError
from harness.evidence.method import Evidence
from harness.execution.run import FittedRun
from harness.fits.fit import DrawKind, Status
from harness.messages.faults import unexpected
from harness.metrics.stability import Stability
from harness.store import MeasuredFrom, Measurements, Store, content_digest
from harness.study.study import Run, Study
from harness.summary.chains import AllChains, all_chains
from harness.summary.kept import (
    dump_measurement,
    dump_spreads,
    load_measurement,
    load_spreads,
    measuring_digest,
    program_identity,
)
from harness.summary.measure import measure
from harness.summary.measurement import Measurement
from harness.summary.quantity import Target
from harness.summary.reference import ReferenceDraws, mismatch
from harness.summary.reference_judge import (
    NO_FIT,
    Judge,
    judge_of_file,
    judge_of_run,
    left_open,
    named_of,
)
from harness.summary.stability_rows import run_spreads
from harness.verdict.criteria import Reference

type Spreads = dict[tuple[str, str], Stability]


class Measuring:
    """Measures the fits of a study; each but once, and none that the store has measurements of.

    Parameters
    ----------
    study : Study
        Says which run is a reference.
    from_files : Mapping
        References that come from files, by data set.
    store : Store, optional
        Keeps measurements of fits that are in it.
    """

    def __init__(
        self,
        study: Study,
        from_files: Mapping[str, ReferenceDraws],
        *,
        store: Store | None = None,
    ) -> None:
        self._study = study
        self._kept = Measurements(store=store) if store else None
        self._judges = {dataset: judge_of_file(draws) for dataset, draws in from_files.items()}
        self._done: dict[Run, Measurement | StoreError | str] = {}
        self._chains: dict[str, AllChains] = {}

    def is_ready(self, item: FittedRun) -> bool:
        """Whether the reference of a fit is known, or it needs none."""
        source = self._study.references.get(item.run.dataset)
        return source is None or source.run == item.run or item.run.dataset in self._judges

    def take(self, item: FittedRun) -> None:
        """Measure a fit, if it is one; whatever happens is kept for :meth:`result`.

        If the fit is the reference of its data set, the others are ready from now on.

        Parameters
        ----------
        item : FittedRun
            A run that is ready.
        """
        if item.fit.status is Status.OK and item.run not in self._done:
            try:
                self._done[item.run] = self._measured(item)
            except StoreError as error:
                self._done[item.run] = error
            except Exception as error:  # noqa: BLE001 - one fit must not cost the others their measurements
                why = error if isinstance(error, HarnessError) else unexpected(error)
                self._done[item.run] = f"it could not be measured: {why}"
        source = self._study.references.get(item.run.dataset)
        if source is not None and source.run == item.run:
            self._judges[item.run.dataset] = judge_of_run(item, self._done.get(item.run))

    def result(self, item: FittedRun) -> Measurement | str:
        """Return the measurement of a fit that was taken, or why there is none.

        Raises
        ------
        StoreError
            If the fit is no longer in the store.
        """
        found = self._done[item.run]
        if isinstance(found, StoreError):
            raise found
        return found

    def failed_references(self) -> list[str]:
        """Return the data sets whose reference is a run that cannot be one."""
        return [
            dataset
            for dataset, source in self._study.references.items()
            if source.run is not None
            and not isinstance(source.run.method, Evidence)
            and self._judges.get(dataset, NO_FIT).against is None
        ]

    def target(self, item: FittedRun) -> Target:
        """Say what a fit is measured against; the reference itself is judged by its own checks."""
        dataset = item.run.dataset
        n_rows = item.program.program.n_rows_of(self._study.datasets[dataset])
        source = self._study.references.get(dataset)
        chains = self._chains.get(dataset)
        r_hat_all = chains.r_hat if chains else None
        if source is None or source.run == item.run:
            return Target(
                n_rows=n_rows,
                state=Reference.ABSENT,
                caveat=left_open(item.run),
                r_hat_all=r_hat_all,
            )
        judge = self._judges.get(dataset, NO_FIT)
        found = self._done.get(item.run)
        problems = judge.problems
        if judge.against is not None:
            problems = found.mismatch if isinstance(found, Measurement) else ""
            problems = problems or (chains.problem if chains and chains.are_apart else "")
        return Target(
            n_rows=n_rows,
            state=Reference.FAILED if problems else Reference.VALID,
            problems=problems,
            caveat="" if problems else judge.caveat,
            r_hat_all=r_hat_all,
        )

    def compare_chains(self, fitted: Sequence[FittedRun]) -> None:
        """Compare the chains of all fits of each data set, when all are measured.

        Parameters
        ----------
        fitted : sequence of FittedRun
            All runs of the study.
        """
        for dataset in self._study.datasets:
            items = [
                item
                for item in fitted
                if item.run.dataset == dataset
                and item.fit.draw_kind is DrawKind.CHAINS
                and isinstance(found := self._done.get(item.run), Measurement)
                and not found.mismatch
                and self._has_seen_all(item)
            ]
            judge = self._judges.get(dataset)
            source = self._study.references.get(dataset)
            from_file = source is not None and source.run is None
            file = judge if from_file and judge and judge.against else None
            if len(items) + (file is not None) > 1:
                self._chains[dataset] = self._all_chains(items, file)

    def _has_seen_all(self, item: FittedRun) -> bool:
        """Whether a fit is to all rows of its data set."""
        counted = item.program.program.n_rows_of(self._study.datasets[item.run.dataset])
        n_rows = item.fit.used_data.get("n_rows_of_all", counted)
        return n_rows is None or item.fit.used_data.get("n_rows") == n_rows

    def _all_chains(self, items: Sequence[FittedRun], file: "Judge | None") -> AllChains:
        """Take the chains of some fits together, and those of a reference in a file."""
        of = self._made_from(items[0], "chains", judge=file, others=items[1:])
        kept = self._kept.load(of) if self._kept and of else None
        if kept is not None:
            return AllChains(**json.loads(kept))
        named = [named_of(item).judged for item in items]
        if file is not None and file.against is not None:
            named.append(file.against.quantities.judged)
        found = all_chains(named)
        if self._kept and of:
            self._kept.save(of, json.dumps(asdict(found)).encode())
        return found

    def spreads(self, replicates: Sequence[FittedRun]) -> Spreads:
        """Measure what at least two replicates of an approximation say together."""
        of = self._made_from(replicates[0], "spreads", others=replicates[1:])
        kept = self._kept.load(of) if self._kept and of else None
        if kept is not None:
            return load_spreads(kept)
        spreads = run_spreads([named_of(item) for item in replicates])
        if self._kept and of:
            self._kept.save(of, dump_spreads(spreads))
        return spreads

    def _measured(self, item: FittedRun) -> Measurement:
        """Return the measurement of a fit, from the store or a fresh one."""
        source = self._study.references.get(item.run.dataset)
        is_alone = source is None or source.run == item.run
        judge = Judge() if is_alone else self._judges.get(item.run.dataset, NO_FIT)
        of = self._made_from(item, "measurement", judge=judge)
        kept = self._kept.load(of) if self._kept and of else None
        if kept is not None:
            return load_measurement(kept)
        named = named_of(item)
        against, clash = judge.against, ""
        if against is not None:
            clash = mismatch(against.draws, named, program=item.run.program)
        measurement = measure(
            item.fit,
            named,
            against=None if clash else against,
            seed=item.run.seed,
            parameters=item.program.parameters,
        )
        measurement = replace(measurement, mismatch=clash)
        if self._kept and of:
            self._kept.save(of, dump_measurement(measurement))
        return measurement

    def _made_from(
        self,
        item: FittedRun,
        what: str,
        *,
        judge: Judge | None = None,
        others: Sequence[FittedRun] = (),
    ) -> MeasuredFrom | None:
        """Return what decides a measurement; None if the store cannot tell."""
        judge = judge or Judge()
        digests = [content_digest(each.fit) for each in (item, *others)]
        if self._kept is None or None in digests or judge.identity is None:
            return None
        return MeasuredFrom(
            fits=(item.key, *(each.key for each in others), *([judge.key] if judge.key else [])),
            decided_by=(
                what,
                tuple(digests),
                item.run.seed,
                item.run.program,
                (*program_identity(item.program.program), list(item.program.parameters)),
                judge.identity,
            ),
            code=measuring_digest(),
        )
