"""What the tests know of the task."""

SMALL = ["--data.scenes", "1280", "--data.size", "12", "--data.batch_size", "64"]
"""settings of a run that is quick"""
PLAIN = [*SMALL, "--model.dropout", "0"]
#% if 'stochastic_depth' in extras %#
PLAIN += ["--stochastic_depth.rate", "0"]
#% endif %#
"""settings of one in which the model draws nothing at random"""
OTHER = ["--data.size", "13"]
"""settings of data that the model wasn't made for"""
