"""What makes runs exact and safe; `train.py` and the commands call it."""
