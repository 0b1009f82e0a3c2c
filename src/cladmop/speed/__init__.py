"""How fast cladmop is beside named rivals, measured in one run on one machine."""
