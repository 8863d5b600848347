"""Reading git repositories: every object in them, without running anything they name."""
