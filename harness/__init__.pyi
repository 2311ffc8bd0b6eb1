from .api import Fits as Fits
from .api import StudyResult as StudyResult
from .api import compare as compare
from .api import method as method
from .api import run_study as run_study
from .errors import HarnessError as HarnessError
from .program.contract import DataContract as DataContract
from .program.program import Components as Components
