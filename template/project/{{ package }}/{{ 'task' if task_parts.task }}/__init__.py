"""What `data.py` and `model.py` of this task are made of."""
