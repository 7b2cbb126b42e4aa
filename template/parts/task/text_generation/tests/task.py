"""What the tests know of the task."""

SMALL = ["--data.limit", "1200", "--data.holdout", "0.01", "--data.block", "16"]
SMALL += ["--model.width", "32", "--model.layers", "1", "--model.dropout", "0.02"]
SMALL += ["--eval_every", "1 epoch"]
"""settings of a run that is quick"""
PLAIN = ["--model.dropout", "0"]
#% if 'stochastic_depth' in extras %#
PLAIN += ["--stochastic_depth.rate", "0"]
#% endif %#
"""settings under which the model draws nothing at random"""
OTHER = ["--data.block", "17"]
"""settings of data that the model wasn't made for"""
