"""From images to results with any model file. MindSpore is imported only where a MindSpore file is opened."""
