"""What the tests know of the task."""

SMALL: list[str] = []
"""settings of a run that is quick"""
PLAIN = ["--model.dropout", "0"]
#% if 'stochastic_depth' in extras %#
PLAIN += ["--stochastic_depth.rate", "0"]
#% endif %#
"""settings under which the model draws nothing at random"""
OTHER = ["--data.ignore", "[age]"]
"""settings of data that the model wasn't made for"""
