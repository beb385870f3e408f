"""The dialect of VICIdial's `agc/api.php`: the function `audio_playback`, and `version`."""
