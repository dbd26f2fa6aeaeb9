"""The normaliser as a provider: rules first, then a model for what they leave open."""
