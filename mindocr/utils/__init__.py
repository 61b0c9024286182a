"""Helpers for several parts of the package."""

from __future__ import annotations
