"""File formats: label files, published data sets, annotation tools, results for benchmarks.

The internal format is the label line of ``label_file.py``: the path of an image and the list of its texts. Converters
read other files into ``Text`` (points, transcription, ignored; see ``datasets/common.py``) and write label lines;
exports read label lines. How to add a format:

- A published data set: a module of ``datasets`` with ``read(job) -> Iterator[Entry]``; the converter has the name of
  the module. ``pairing`` (one annotation file per image), ``reading`` (strict reading of text, JSON and XML) and
  ``images`` contain what data sets have in common.
- An annotation tool: a module of ``annotation_tools`` with ``read(job, options) -> Iterator[Entry]`` and
  ``write(labelled, target, options, report)``; import and export have the name of the module.
- Ground truth or results of a benchmark, one text file per image: a function from a file to its ``Text`` (in the data
  set's module) or ``Detected`` (in ``benchmarks/detections``), and a row of ``benchmarks.READERS``.
- Results as the server of a benchmark expects them: a layout in ``annotation_tools/icdar``.
- A list that training reads without conversion: a data set type, see ``mindocr/data/datasets/base.py``. ``label_file``
  and ``synthtext_mat`` are read in this way, into ``Record`` of ``record.py``.

``matlab.py`` reads MATLAB 5 files. Files are not trusted: a defect raises a DataError that names file and line.
"""
