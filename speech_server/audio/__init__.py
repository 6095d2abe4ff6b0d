"""Sound as numbers: samples, rates, features. No models, no messages."""
