"""What a study's file says wrong by itself, before anything that it names is looked at (pure)."""

from harness.data.dataset import check_generator
from harness.methods import make_method
from harness.study.file import StudyTable
from harness.study.plan import check_names, refuse_twins


def check_written(table: StudyTable) -> None:
    """Refuse a study that could not be run, whatever is in the files that it names.

    Parameters
    ----------
    table : StudyTable
        With what is swept written out.

    Raises
    ------
    DatasetError
        If there is no such generator, or it does not have an option.
    StudyError
        If a cross or a reference names what the study does not have, or a name is given twice.
    MethodError
        If a method or an option is unknown, or a value is not allowed.
    """
    datasets = [item.name for item in table.datasets]
    programs = [item.name for item in table.programs]
    refuse_twins("data set", datasets)
    refuse_twins("program", programs)
    for item in table.datasets:
        if item.generator is not None:
            check_generator(item.name, item.generator, item.options)
    # a posterior of a database may be named alone, and brings its program
    has_entries = any(item.posteriordb for item in table.datasets)
    for cross in table.cross:
        make_method(cross.method, cross.options)
        if not has_entries:
            check_names("a cross", "data set", cross.datasets, datasets)
            check_names("a cross", "program", cross.programs, programs)
    for reference in table.references:
        if not has_entries:
            check_names("a reference", "data set", reference.datasets, datasets)
