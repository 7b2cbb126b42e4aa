"""The loops that are compared: each a module with `train(plan, gate)` and `show_help()`."""
