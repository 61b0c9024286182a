"""Diagnosis of failed steps and of scores of zero."""
