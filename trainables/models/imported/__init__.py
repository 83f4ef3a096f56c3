"""Networks from elsewhere that give several outputs: taken as they are, and cut into stages where that can be done."""
