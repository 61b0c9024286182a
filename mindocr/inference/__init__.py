"""Prediction on images with any model file. MindSpore is imported only if a MindSpore file is opened."""
