"""The ai-normalizer: rules first, a model for what the rules cannot decide."""
