"""What the tests know of the task."""

SMALL = ["--model.width", "8"]
"""settings of a run that is quick"""
PLAIN: list[str] = []
"""settings under which the model draws nothing at random"""
OTHER = ["--data.size", "9"]
"""settings of data that the model wasn't made for"""
