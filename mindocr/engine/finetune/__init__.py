"""Fine-tune a trained detector or recogniser on a few hundred labelled images."""
