"""Helpers that belong to no single part."""

from __future__ import annotations
