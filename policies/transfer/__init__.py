"""Whether what was chosen on ``search`` can be expected to hold on ``certify``: whether they are data of one kind."""
