"""Image files: their headers, their sizes, their pixels."""
