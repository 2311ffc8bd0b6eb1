from .densities import density as density
from .draws import Fits as Fits
from .options import RunOptions as RunOptions
from .result import StudyResult as StudyResult
from .running import fit_study as fit_study
from .studies import compare as compare
from .studies import method as method
from .studies import run_study as run_study
