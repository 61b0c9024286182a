"""The loader: order, shards, batches, workers, failures."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from mindocr.data.loading import loader as loader_module
from mindocr.data.loading.loader import Loader, usable_workers
from mindocr.errors import DataError
from mindocr.utils.parallel import usable_cpus


class Numbers:
    """A sample is a function of (index, epoch); some indices are broken in one of three ways."""

    def __init__(self, n=10, bad=(), on_error="raise", fault="data", ragged=False):
        self.n, self.bad, self.on_error, self.fault, self.ragged = n, set(bad), on_error, fault, ragged

    def __len__(self):
        return self.n

    def describe(self, index):
        return f"labels.txt:{index + 1} image_{index}.jpg"

    def get(self, index, epoch=0):
        if index in self.bad:
            if self.fault == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.fault == "bug":
                raise ZeroDivisionError("one by zero")
            raise DataError(f"{self.describe(index)}: does not decode")
        rng = np.random.default_rng((epoch, index))
        side = 2 + index % 2 if self.ragged else 2
        return {"image": rng.random((3, side, side), np.float32), "index": np.int64(index), "img_path": str(index)}


def indices(batches):
    return [int(i) for batch in batches for i in batch["index"]]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_do_not_depend_on_the_number_of_workers(workers):
    with Loader(Numbers(), batch_size=4, shuffle=True, num_workers=workers, seed=3) as loader:
        got = [list(loader.epoch(e)) for e in (0, 1)]
    with Loader(Numbers(), batch_size=4, shuffle=True, seed=3) as alone:
        for epoch in (0, 1):
            for a, b in zip(got[epoch], alone.epoch(epoch)):
                np.testing.assert_array_equal(a["image"], b["image"])
                assert a["img_path"] == b["img_path"]
    assert sorted(indices(got[0])) == list(range(10))
    assert indices(got[0]) != indices(got[1])


def test_length_and_last_batch():
    assert len(Loader(Numbers(10), batch_size=4)) == 3
    loader = Loader(Numbers(10), batch_size=4, drop_remainder=True)
    assert len(loader) == 2
    assert [len(b["img_path"]) for b in Loader(Numbers(10), batch_size=4).epoch()] == [4, 4, 2]
    assert indices(loader.epoch()) == list(range(8))


def test_an_epoch_can_start_in_the_middle():
    loader = Loader(Numbers(10), batch_size=3, shuffle=True)
    assert indices(loader.epoch(5, start=2)) == indices(loader.epoch(5))[6:]


@pytest.mark.parametrize("drop", [False, True])
def test_ranks_share_an_epoch_without_overlap(drop):
    parts = [
        indices(Loader(Numbers(11), shuffle=True, drop_remainder=drop, rank=r, world=3, seed=1).epoch(2))
        for r in range(3)
    ]
    together = [i for part in parts for i in part]
    assert len(set(together)) == len(together)
    assert sorted(map(len, parts)) == ([3, 3, 3] if drop else [3, 4, 4])


def test_samples_of_different_shapes_come_as_lists():
    batch = next(iter(Loader(Numbers(4, ragged=True), batch_size=2).epoch()))
    assert [image.shape for image in batch["image"]] == [(3, 2, 2), (3, 3, 3)]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_image_stops_the_epoch_and_is_named(workers):
    with Loader(Numbers(bad=[5]), batch_size=2, num_workers=workers) as loader:
        with pytest.raises(DataError, match="labels.txt:6 image_5.jpg: does not decode"):
            list(loader.epoch())
        assert indices(Loader(Numbers(4), batch_size=2).epoch()) == [0, 1, 2, 3]


def test_skipped_images_are_counted_and_replaced_in_training():
    with Loader(Numbers(bad=[1], on_error="skip"), batch_size=5, drop_remainder=True, refill=True) as loader:
        batches = list(loader.epoch())
    assert [len(b["img_path"]) for b in batches] == [5, 5]
    assert indices(batches[:1]) == [0, 2, 3, 4, 5]
    assert loader.skipped == ["labels.txt:2 image_1.jpg: does not decode"]


def test_skipped_images_are_left_out_in_evaluation():
    loader = Loader(Numbers(4, bad=[1], on_error="skip"), batch_size=2)
    assert indices(loader.epoch()) == [0, 2, 3]


def test_nothing_usable_is_an_error():
    loader = Loader(Numbers(4, bad=range(4), on_error="skip"), batch_size=2, refill=True)
    with pytest.raises(DataError, match="only 0 usable images are left"):
        list(loader.epoch())


def test_too_few_images_for_a_batch():
    with pytest.raises(DataError, match="has 3 images, too few for one batch of 4.*smaller batch_size"):
        Loader(Numbers(3), batch_size=4, drop_remainder=True)


def test_a_fault_in_a_worker_names_the_image_and_shows_its_traceback():
    fault = pytest.raises(RuntimeError, match="image_2.jpg: ZeroDivisionError: one by zero")
    with Loader(Numbers(bad=[2], fault="bug"), num_workers=1) as loader, fault as caught:
        list(loader.epoch())
    assert "in get" in str(caught.value.__cause__)


def test_a_killed_worker_ends_the_epoch_at_once():
    start = time.monotonic()
    dead = r"data worker \(process \d+\) ended without a message: killed by SIGKILL; .*memory.*image_"
    with Loader(Numbers(bad=[6], fault="die"), batch_size=2, num_workers=1) as loader:
        with pytest.raises(RuntimeError, match=dead):
            list(loader.epoch())
        loader.dataset.bad.clear()
        assert indices(loader.epoch(1)) == list(range(10))  # new workers are started
    assert time.monotonic() - start < 20


def test_more_workers_than_cpus_are_held_to_the_cpus(caplog):
    loader = Loader(Numbers(), num_workers=10_000)
    assert loader.num_workers == len(os.sched_getaffinity(0))
    assert "num_workers 10000 is more than this machine's" in caplog.text


def test_workers_end_when_the_main_process_is_killed(tmp_path):
    script = tmp_path / "serve.py"
    script.write_text(
        textwrap.dedent(f"""
        import itertools, sys
        sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[3])!r}]
        from mindocr.data.loading.loader import Loader
        from test_loader import Numbers
        if __name__ == "__main__":
            loader = Loader(Numbers(1000), num_workers=1)
            batches = loader.epoch()
            next(batches)
            print(*loader._pool._processes, flush=True)
            time.sleep(60)
        """),
        encoding="utf-8",
    )
    main = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    worker = int(main.stdout.readline().split()[0])
    main.kill()
    main.wait()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{worker}").exists()


def test_a_script_without_a_main_guard_gets_an_error_instead_of_hanging(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[3])!r}]
        from mindocr.data.loading.loader import Loader
        from test_loader import Numbers
        dataset = Numbers(4)
        dataset.ballast = bytes(1_000_000)
        list(Loader(dataset, num_workers=1).epoch())
        """),
        encoding="utf-8",
    )
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "__main__" in ended.stderr
    assert "ended without a message: exit code 1" in ended.stderr


def test_no_shared_memory_is_left_behind():
    before, blocks = set(Path("/dev/shm").glob("psm_*")), open_blocks()
    with Loader(Numbers(40), batch_size=4, num_workers=2) as loader:
        batches = loader.epoch()
        next(batches)
        batches.close()
        list(loader.epoch(1))
    assert set(Path("/dev/shm").glob("psm_*")) <= before
    assert open_blocks() <= blocks


def open_blocks() -> int:
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum("memfd:mindocr" in str(link.readlink()) for link in links)


def test_workers_chosen_from_the_machine(monkeypatch, caplog):
    for cpus, world, expected in ((1, 1, 1), (2, 1, 1), (4, 1, 3), (64, 1, 8), (64, 8, 7), (64, 64, 1)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cpus=cpus: range(cpus))
        assert usable_workers("auto", world) == expected
    assert not caplog.records


def test_prefetch_ends_where_memory_does(monkeypatch):
    with Loader(Numbers(40), batch_size=2, num_workers=1, prefetch=8) as loader:
        monkeypatch.setattr(loader_module, "available_memory", lambda: 100)
        assert indices(loader.epoch()) == list(range(40))
        assert loader._depth == 1


def test_batches_that_are_kept_stay_as_they_were():
    with Loader(Numbers(40), batch_size=2, num_workers=2) as loader:
        kept = list(loader.epoch())
        one = kept[3]["image"][1]
        del kept[3]
        again = list(loader.epoch(0))
        list(loader.epoch(1))
    assert indices(kept) == [i for i in range(40) if i not in (6, 7)]
    for ours, theirs in zip(kept, again[:3] + again[4:]):
        np.testing.assert_array_equal(ours["image"], theirs["image"])
    np.testing.assert_array_equal(one, again[3]["image"][1])


def test_blocks_are_used_again():
    with Loader(Numbers(200), batch_size=2, num_workers=1) as loader:
        for _ in loader.epoch():
            pass
        assert len(loader._slots) <= loader.prefetch + 3


def test_no_python_code_runs_when_a_batch_is_freed():
    """Python ignores a Ctrl-C in code of a finalizer: a loop over batches would go on."""
    called = []
    with Loader(Numbers(40), batch_size=2, num_workers=1) as loader:
        batches = loader.epoch()
        batch = next(batches)
        batches.close()
        sys.setprofile(lambda frame, event, _: called.append(frame.f_code.co_name) if event == "call" else None)
        try:
            del batch
        finally:
            sys.setprofile(None)
    assert called == []


@pytest.mark.parametrize("bad", [(), (4,)])
def test_an_epoch_given_up_leaves_nothing_wrong_for_the_next(bad):
    with Loader(Numbers(40, bad=bad), batch_size=2, num_workers=2) as loader:
        batches = loader.epoch()
        next(batches)
        if bad:
            with pytest.raises(DataError):
                list(batches)
            loader.dataset.bad.clear()
            loader.close()
        batches.close()
        for epoch in (0, 1):
            with Loader(Numbers(40), batch_size=2) as alone:
                for ours, theirs in zip(loader.epoch(epoch), alone.epoch(epoch)):
                    np.testing.assert_array_equal(ours["image"], theirs["image"])


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize(("n", "world", "batch"), [(40, 4, 3), (41, 3, 4), (7, 8, 1), (23, 2, 5)])
def test_ranks_together_serve_every_sample_once_but_for_the_remainder(n, world, batch, drop):
    if drop and n // world < batch:
        return
    served = []
    for rank in range(world):
        try:
            loader = Loader(Numbers(n), batch_size=batch, shuffle=True, drop_remainder=drop, rank=rank, world=world)
        except DataError:  # fewer samples than ranks: this rank has none
            assert n < world
            continue
        served.append(indices(loader.epoch(1)))
    together = [i for part in served for i in part]
    assert len(set(together)) == len(together)
    if drop:
        assert {len(part) for part in served} == {n // world // batch * batch}  # no rank waits for another
    else:
        assert sorted(together) == list(range(n))


@pytest.mark.skipif(usable_cpus() < 2, reason="needs two CPUs for two workers")
@pytest.mark.usefixtures("default_signals")
def test_ctrl_c_ends_everything(tmp_path):
    script = tmp_path / "serve.py"
    script.write_text(
        textwrap.dedent(f"""
        import itertools, sys
        sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[3])!r}]
        from mindocr.data.loading.loader import Loader
        from test_loader import Numbers
        if __name__ == "__main__":
            try:
                with Loader(Numbers(100_000), batch_size=50, num_workers=2) as loader:
                    batches = (batch for epoch in itertools.count() for batch in loader.epoch(epoch))
                    for number, _ in enumerate(batches):  # without end: the signal may come late on a busy machine
                        if number == 2:
                            print(*[worker.pid for worker in loader._workers], flush=True)
            except KeyboardInterrupt:
                print("stopped", flush=True)
        """),
        encoding="utf-8",
    )
    before = set(Path("/dev/shm").glob("psm_*"))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    main = subprocess.Popen([sys.executable, str(script)], text=True, start_new_session=True, **pipes)
    workers = [int(pid) for pid in main.stdout.readline().split()]
    os.killpg(main.pid, signal.SIGINT)  # as a terminal does: to all processes at once
    said, complaints = main.communicate(timeout=20)
    assert len(workers) == 2 and said == "stopped\n" and complaints == "" and main.returncode == 0
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert set(Path("/dev/shm").glob("psm_*")) <= before


@pytest.mark.parametrize(("n", "world", "batch"), [(9, 2, 1), (11, 3, 2), (8, 4, 3), (2, 3, 1)])
def test_ranks_that_train_make_equally_many_batches_even_of_what_does_not_divide(n, world, batch):
    options = {"batch_size": batch, "shuffle": True, "refill": True, "seed": 4}
    loaders = [Loader(Numbers(n), rank=rank, world=world, **options) for rank in range(world)]
    assert len({len(loader) for loader in loaders}) == 1
    served = np.concatenate([loader.sampler.order(epoch=1) for loader in loaders])
    assert set(served) == set(range(n))
    assert len(served) == -(-n // world) * world
