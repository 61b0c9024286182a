"""Necks: from several feature maps to one."""
