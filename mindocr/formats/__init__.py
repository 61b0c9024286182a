"""Formats of files: label files, published data sets, annotation tools, results for benchmarks.

Inside there is one form: the label line of ``label_file.py``, an image's path and the list of its texts. Other files
are read into ``Text`` (points, transcription, ignored; see ``datasets/common.py``), which become label lines, and are
written from label lines. Where a new format goes:

- A published data set: a module of ``datasets`` with ``read(job) -> Iterator[Entry]``; the converter takes its name.
  ``pairing`` (one annotation file an image), ``reading`` (text, JSON and XML, read strictly) and ``images`` hold what
  data sets have in common.
- An annotation tool: a module of ``annotation_tools`` with ``read(job, options) -> Iterator[Entry]`` and
  ``write(labelled, target, options, report)``; import and export take its name.
- Ground truth or results of a benchmark, one text file an image: a function from a file to its ``Text`` (in the data
  set's module) or ``Detected`` (in ``benchmarks/detections``), and a row of ``benchmarks.READERS``.
- Results as the server of a benchmark wants them: a layout of ``annotation_tools/icdar``.
- A list that training reads as it is: a data set type, see ``mindocr/data/datasets/base.py``. ``label_file`` and
  ``synthtext_mat`` are read in this way, into the ``Record`` of ``record.py``.

``matlab.py`` reads MATLAB 5 files. No file is trusted: a defect is a DataError that names file and line.
"""
