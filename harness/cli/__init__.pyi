from . import calibrating as calibrating
from . import display as display
from . import fitting as fitting
from . import running as running
from . import upkeep as upkeep
from . import verdicts as verdicts
from .entry import main as main
from .entry import perform as perform
