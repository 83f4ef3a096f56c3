"""Networks that really stop: stage by stage, with a policy's gate after each."""
