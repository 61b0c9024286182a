"""Training, evaluation, prediction and export; each module offers one ``run`` that the tools call."""
