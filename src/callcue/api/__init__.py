"""What clients speak: one package per dialect, none knowing the other, and what both stand on."""
