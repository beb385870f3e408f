"""The dialect of Bird's playback call, and what we offer beyond it."""
