"""leakscan finds leaked Replicate API tokens in git repositories, fast and completely."""

__version__ = "0.1.0"
