"""From bytes to matches.  Knows nothing of git."""

from leakscan.detect.detector import Detector

__all__ = ["Detector"]
