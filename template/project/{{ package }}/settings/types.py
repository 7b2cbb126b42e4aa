"""Types of settings beside Python's own and those of pydantic."""

from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt
from pydantic import StringConstraints

ClosedUnitInterval = Annotated[float, Ge(0), Le(1)]
OpenUnitInterval = Annotated[float, Gt(0), Lt(1)]

NUMBER = "^[0-9]{1,15}([.][0-9]{1,15})? *"
STEPS = StringConstraints(pattern=f"{NUMBER}(step|epoch)s?$")
SHARE = StringConstraints(pattern=f"{NUMBER}((step|epoch)s?|%)$")
TIME = StringConstraints(pattern=f"{NUMBER}(s|min|h)$")
# The text tells what is written; {0} is the number in what was written instead, or else 20.
Duration = Annotated[str, STEPS, "`{0} steps` or `{0} epochs`"]
Within = Annotated[str, SHARE, "`{0} %` of the run, `{0} steps` or `{0} epochs`"]
Time = Annotated[str, TIME, "`{0} h`, `{0} min` or `{0} s`"]
