"""The clips that tests listen to."""

from pathlib import Path

from ears import clips


def make_clips(folder: Path) -> None:
    """Sweeps and tones, as an Asterisk finds them in *folder*."""
    for name, samples in {
        "sweep": clips.sweep(10),
        "low": clips.tone(440, 4),
        "high": clips.tone(1500, 4),
        "tick": clips.tone(440, 0.02),
    }.items():
        clips.write_wav(folder / f"{name}.wav", samples)
    for name, samples in {
        "short-low": clips.tone(440, 0.3),
        "short-mid": clips.tone(900, 0.3),
        "short-high": clips.tone(1500, 0.3),
        "blink": clips.tone(440, 0.2),
    }.items():
        clips.write_sln(folder / f"{name}.sln", samples)
