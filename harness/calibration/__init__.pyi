from .asked import Calibration as Calibration
from .asked import read_programs as read_programs
from .plan import Plan as Plan
from .plan import plan_calibration as plan_calibration
from .running import CalibrationTables as CalibrationTables
from .running import run_calibration as run_calibration
