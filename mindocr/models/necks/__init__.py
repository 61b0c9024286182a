"""Necks: several feature maps in, one out."""
